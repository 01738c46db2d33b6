"""Ours and the peers behind one small interface, so that all are put to the same trials."""

from __future__ import annotations

import configparser
import importlib
import importlib.metadata
import importlib.util
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from palyra_kernel import Kernel
from palyra_kernel.errors import NotFoundError

_SERVICE = "bench"


class Store(Protocol):
    """Text under names."""

    def put(self, key: str, value: str) -> None: ...
    def get(self, key: str) -> str | None: ...
    def fill(self, count: int, value: str) -> None:
        """Keep *value* under ``k0``, ``k1``, … in as few writes as it takes."""

    def close(self) -> None: ...


class Palyra:
    """A vault of ours."""

    def __init__(self, folder: Path) -> None:
        self.kernel = Kernel.open(
            state_root=folder / "state", config_dir=folder / "config", plugins=["file"], create=True
        )

    def put(self, key: str, value: str) -> None:
        self.kernel.vault.put(key, value.encode())

    def get(self, key: str) -> str | None:
        try:
            with self.kernel.vault.get(key) as secret:
                return secret.reveal().decode()
        except NotFoundError:
            return None

    def fill(self, count: int, value: str) -> None:
        data = value.encode()
        for start in range(0, count, 1000):
            self.kernel.vault.put_many({f"k{n}": data for n in range(start, min(count, start + 1000))})

    def close(self) -> None:
        self.kernel.close()


class Keyring:
    """A keyring backend that keeps all in one file, which every put reads and writes anew."""

    def __init__(self, folder: Path, module: str, class_name: str) -> None:
        self._backend: Any = getattr(importlib.import_module(module), class_name)()
        self._path = folder / "keyring.cfg"
        self._backend.file_path = str(self._path)
        self._backend.keyring_key = "the passphrase of this benchmark"

    def put(self, key: str, value: str) -> None:
        self._backend.set_password(_SERVICE, key, value)

    def get(self, key: str) -> str | None:
        found: str | None = self._backend.get_password(_SERVICE, key)
        return found

    def fill(self, count: int, value: str) -> None:
        """Only ``k0`` is put; the others are copies of its line, as long as their own would be.

        To encrypt 10,000 one after the other takes the slowest peer more than an hour.
        """
        self.put("k0", value)
        file = configparser.RawConfigParser()
        file.read(self._path, encoding="utf-8")
        for number in range(1, count):
            file.set(_SERVICE, f"k{number}", file.get(_SERVICE, "k0"))
        with self._path.open("w", encoding="utf-8") as stream:
            file.write(stream)

    def close(self) -> None:
        """Nothing stays open."""


class Peer(NamedTuple):
    """Where a peer is found. *slow*: it derives a key with Argon2 for each call."""

    distribution: str
    module: str
    class_name: str
    slow: bool = False


OURS = "palyra"
_PEERS = {
    "PlaintextKeyring": Peer("keyrings.alt", "keyrings.alt.file", "PlaintextKeyring"),
    "EncryptedKeyring": Peer("keyrings.alt", "keyrings.alt.file", "EncryptedKeyring"),
    "CryptFileKeyring": Peer(
        "keyrings.cryptfile", "keyrings.cryptfile.cryptfile", "CryptFileKeyring", slow=True
    ),
}


def peers() -> dict[str, Peer]:
    """The peers that are installed, by name."""
    return {name: peer for name, peer in _PEERS.items() if importlib.util.find_spec(peer.distribution)}


def absent() -> list[str]:
    """What to install so that all peers are measured."""
    return sorted(
        {peer.distribution for peer in _PEERS.values()} - {peer.distribution for peer in peers().values()}
    )


def versions() -> dict[str, str]:
    """The releases that are measured."""
    found = sorted({"keyring", "pycryptodome", *(peer.distribution for peer in peers().values())})
    return {distribution: importlib.metadata.version(distribution) for distribution in found}


def open_store(name: str, folder: Path) -> Store:
    """Open ours or the peer called *name* in *folder*."""
    if name == OURS:
        return Palyra(folder)
    peer = _PEERS[name]
    return Keyring(folder, peer.module, peer.class_name)

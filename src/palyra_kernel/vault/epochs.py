"""Key encryption keys: random, numbered epochs, kept as guarded records. Any epoch opens, the newest seals."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from palyra_kernel.errors import IntegrityError
from palyra_kernel.records import Change, Namespace, Records
from palyra_kernel.values.ids import now_ms

KEKS = Namespace("kek", guarded=True)
"""Keys are the epoch (4 bytes, big endian); documents are magic, creation time (8 bytes) and the key (32 bytes).

Binary, not JSON: a key in JSON would pass through text that nobody can wipe.
"""

_MAGIC = b"PLYKEK\r\x01"
_BYTES = 32


class _Open(NamedTuple):
    keks: Mapping[int, ChaCha20Poly1305] = {}  # a Mapping: it does not change
    versions: Mapping[int, int] = {}  # of the records that the KEKs are from


class Epochs:
    """The open KEKs of a vault."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._assigning = threading.Lock()
        self._generation = 0
        self._open = _Open()  # replaced as a whole: another thread may be reading it

    @property
    def keks(self) -> Mapping[int, ChaCha20Poly1305]:
        """All KEKs by their epoch."""
        return self._open.keks

    @property
    def current(self) -> int:
        """The newest epoch; 0 where there is none."""
        return max(self.keks, default=0)

    def load(self) -> None:
        """Read all epochs, compared with the set-hash of their namespace; again when another process rotated them."""
        keks: dict[int, ChaCha20Poly1305] = {}
        versions: dict[int, int] = {}
        generation, found = self._records.load_guarded_at(KEKS)
        for stored in found:
            with self._records.read_secret(stored) as document:
                epoch = int.from_bytes(stored.key.removeprefix(KEKS.prefix), "big")
                view = document.view()
                if len(view) != len(_MAGIC) + 8 + _BYTES or bytes(view[: len(_MAGIC)]) != _MAGIC:
                    raise IntegrityError("kek_damaged", f"the key of epoch {epoch} is damaged")
                keks[epoch], versions[epoch] = ChaCha20Poly1305(view[-_BYTES:]), stored.version
                view.release()
        with self._assigning:  # a slow thread must not put an old answer in the place of a newer one
            if generation >= self._generation:
                self._generation, self._open = generation, _Open(keks, versions)

    def forget(self) -> None:
        """Let go of all KEKs."""
        self._open = _Open()

    def sealing(self, change: Change) -> tuple[ChaCha20Poly1305, int]:
        """The newest KEK and its epoch. *change* then applies only while it is the newest: what is sealed under an
        older one may be past a rotation that is about to delete its key."""
        keks, versions = self._open
        if not keks:
            raise IntegrityError("kek_missing", "the vault has no key encryption key")
        epoch = max(keks)
        change.check(
            _key(epoch), versions[epoch]
        )  # after an accepted rollback there may be another of this number
        change.check(_key(epoch + 1), 0)
        return keks[epoch], epoch


def retire(change: Change, epochs: Iterable[int]) -> None:
    """Add to *change*: the KEKs of *epochs* are deleted."""
    for epoch in epochs:
        change.delete(_key(epoch))


def new_epoch(epoch: int) -> Change:
    """The change that adds a fresh KEK as *epoch*."""
    document = bytearray(_MAGIC) + now_ms().to_bytes(8, "big") + os.urandom(_BYTES)
    change = Change()
    change.check(_key(epoch), 0)
    change.put(_key(epoch), document)
    return change


def _key(epoch: int) -> bytes:
    return KEKS.key(epoch.to_bytes(4, "big"))

"""Key encryption keys: random, numbered epochs, kept as guarded records. Any epoch opens, the newest seals."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping

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


class Epochs:
    """The open KEKs of a vault. ``keks`` is replaced as a whole: another thread may be reading it."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._assigning = threading.Lock()
        self._generation = 0
        self.keks: Mapping[int, ChaCha20Poly1305] = {}

    @property
    def current(self) -> int:
        """The newest epoch; 0 where there is none."""
        return max(self.keks, default=0)

    def load(self) -> None:
        """Read all epochs, compared with the set-hash of their namespace; again when another process rotated them."""
        keks: dict[int, ChaCha20Poly1305] = {}
        generation, found = self._records.load_guarded_at(KEKS)
        for stored in found:
            with self._records.read_secret(stored) as document:
                epoch = int.from_bytes(stored.key.removeprefix(KEKS.prefix), "big")
                view = document.view()
                if len(view) != len(_MAGIC) + 8 + _BYTES or bytes(view[: len(_MAGIC)]) != _MAGIC:
                    raise IntegrityError("kek_damaged", f"the key of epoch {epoch} is damaged")
                keks[epoch] = ChaCha20Poly1305(view[-_BYTES:])
                view.release()
        with self._assigning:  # a slow thread must not put an old answer in the place of a newer one
            if generation >= self._generation:
                self._generation, self.keks = generation, keks

    def forget(self) -> None:
        """Let go of all KEKs."""
        self.keks = {}

    def sealing(self) -> tuple[ChaCha20Poly1305, int]:
        """The newest KEK and its epoch."""
        keks = self.keks
        if not keks:
            raise IntegrityError("kek_missing", "the vault has no key encryption key")
        epoch = max(keks)
        return keks[epoch], epoch


def only_newest(change: Change, epoch: int) -> None:
    """Let *change* apply only while *epoch* is the newest: what is sealed under an older one may be past a rotation
    that is about to delete its key."""
    change.check(_key(epoch + 1), 0)


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

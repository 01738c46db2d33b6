"""Key encryption keys: random, numbered epochs, kept as guarded records. Any epoch opens, the newest seals."""

from __future__ import annotations

import os

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
    """The open KEKs of a vault."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self.keks: dict[int, ChaCha20Poly1305] = {}
        self.current = 0

    def load(self) -> None:
        """Read all epochs, compared with the set-hash of their namespace."""
        for stored in self._records.load_guarded(KEKS):
            with self._records.read_secret(stored) as document:
                epoch = int.from_bytes(stored.key.removeprefix(KEKS.prefix), "big")
                view = document.view()
                if len(view) != len(_MAGIC) + 8 + _BYTES or bytes(view[: len(_MAGIC)]) != _MAGIC:
                    raise IntegrityError("kek_damaged", f"the key of epoch {epoch} is damaged")
                self.keks[epoch] = ChaCha20Poly1305(view[-_BYTES:])
                view.release()
        self.current = max(self.keks, default=0)

    def forget(self) -> None:
        """Let go of all KEKs."""
        self.keks.clear()
        self.current = 0

    def sealing(self) -> tuple[ChaCha20Poly1305, int]:
        """The newest KEK and its epoch."""
        if not self.current:
            raise IntegrityError("kek_missing", "the vault has no key encryption key")
        return self.keks[self.current], self.current


def new_epoch(epoch: int) -> Change:
    """The change that adds a fresh KEK as *epoch*."""
    document = bytearray(_MAGIC) + now_ms().to_bytes(8, "big") + os.urandom(_BYTES)
    change = Change()
    key = KEKS.key(epoch.to_bytes(4, "big"))
    change.check(key, 0)
    change.put(key, document)
    return change

"""A record at rest: one AEAD over its document, bound to the store, the key, the version and the key epoch.

Layout: format (1 byte), key epoch (4 bytes, big endian), nonce (12 bytes), ciphertext and tag. One record key
seals at most 2**32 records (random 96-bit nonces, NIST SP 800-38D section 8.3); ``doctor`` watches the generation.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import NoReturn

from cryptography.exceptions import InvalidTag

from palyra_kernel.contracts.records import StoredRecord
from palyra_kernel.errors import IntegrityError, UnavailableError
from palyra_kernel.keys.derive import DerivedKeys
from palyra_kernel.values.framing import frame
from palyra_kernel.values.sensitive import SensitiveBytes

FORMAT = 1
_HEADER = 5
_NONCE = 12
_SEALED = _HEADER + _NONCE
_TAG = 16
_OVERHEAD = _HEADER + _NONCE + _TAG


class Sealer:
    """Seals and opens records under one record key."""

    __slots__ = ("_aead", "_binding", "_header")

    def __init__(self, keys: DerivedKeys) -> None:
        self._aead = keys.record
        self._header = bytes([FORMAT]) + keys.epoch.to_bytes(4, "big")
        self._binding = frame("palyra record", keys.vault_id, keys.epoch)

    def forget(self) -> None:
        """Let go of the record key."""
        with suppress(AttributeError):  # forgotten before
            del self._aead

    def __getattr__(self, name: str) -> NoReturn:
        if name not in self.__slots__:
            raise AttributeError(name)
        raise UnavailableError("closed", "the vault is closed", hint="open the Kernel again")

    def seal(self, key: bytes, version: int, document: bytes | bytearray | memoryview) -> StoredRecord:
        """Return the stored record for *document*."""
        nonce = os.urandom(_NONCE)
        sealed = self._aead.encrypt(nonce, document, self._binding + frame(key, version))
        return StoredRecord(key, version, b"".join((self._header, nonce, sealed)))

    def open(self, record: StoredRecord) -> bytes:
        """Return the document. Raises :class:`IntegrityError` ``record_tampered``."""
        value, aad = self._checked(record), self._binding + frame(record.key, record.version)
        try:
            return self._aead.decrypt(value[_HEADER:_SEALED], value[_SEALED:], aad)
        except InvalidTag:
            raise tampered() from None

    def open_secret(self, record: StoredRecord) -> SensitiveBytes:
        """Return the document in a buffer that can be wiped; for records that are keys."""
        value, aad = self._checked(record), self._binding + frame(record.key, record.version)
        secret = SensitiveBytes.zeros(len(value) - _OVERHEAD)
        try:
            self._aead.decrypt_into(value[_HEADER:_SEALED], value[_SEALED:], aad, secret.view())
        except InvalidTag:
            secret.wipe()  # decrypt_into leaves unauthenticated plaintext behind
            raise tampered() from None
        return secret

    def _checked(self, record: StoredRecord) -> bytes:
        value = record.value
        if value is None or len(value) < _OVERHEAD or not value.startswith(self._header):
            raise tampered()
        return value


def sealed_epoch(value: bytes | None) -> int:
    """The key epoch that a stored value names; 0 if it is none of ours. Not authenticated."""
    if value is None or len(value) < _OVERHEAD or value[0] != FORMAT:
        return 0
    return int.from_bytes(value[1:_HEADER], "big")


def tampered() -> IntegrityError:
    """The error for a record that does not open; it cannot say more without the key that does not fit."""
    return IntegrityError(
        "record_tampered",
        "a record of the store was changed, moved or damaged",
        hint="run `palyra vault verify` to see which, and restore the state root from a backup",
    )

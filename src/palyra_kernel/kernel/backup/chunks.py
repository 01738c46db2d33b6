"""A long plaintext as sealed chunks, none of which can be changed, moved, dropped or be missing at the end.

The STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár ("Online Authenticated-Encryption and its
Nonce-Reuse Misuse-Resistance", CRYPTO 2015): the nonce is the number of the chunk and whether it is the last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from palyra_kernel.kernel.backup.header import damaged

CHUNK = 65_536
_TAG = 16
_SEALED = CHUNK + _TAG


class ChunkWriter:
    """Seals what is written into it, and hands each sealed chunk to *write*."""

    def __init__(self, cipher: ChaCha20Poly1305, write: Callable[[bytes], None]) -> None:
        self._cipher = cipher
        self._write = write
        self._buffer = bytearray()
        self._number = 0

    def write(self, data: bytes) -> None:
        """Take *data*; the last chunk is kept back until :meth:`finish`."""
        self._buffer += data
        whole = max(0, len(self._buffer) - 1) // CHUNK * CHUNK
        with memoryview(self._buffer) as view:
            for start in range(0, whole, CHUNK):
                self._seal(view[start : start + CHUNK], last=False)
        del self._buffer[:whole]

    def finish(self) -> None:
        """Seal what is left as the last chunk."""
        self._seal(self._buffer, last=True)

    def _seal(self, chunk: bytearray | memoryview, *, last: bool) -> None:
        self._write(self._cipher.encrypt(_nonce(self._number, last=last), chunk, None))
        self._number += 1


def read_chunks(cipher: ChaCha20Poly1305, read: Callable[[int], bytes], size: int) -> Iterator[bytes]:
    """Open the chunks in the next *size* bytes. Raises :class:`IntegrityError` ``backup_damaged``."""
    number = 0
    while True:
        sealed = read(min(size, _SEALED))
        size -= len(sealed)
        try:
            yield cipher.decrypt(_nonce(number, last=not size), sealed, None)
        except InvalidTag:
            raise damaged("a part of it does not open") from None
        if not size:
            return
        number += 1


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])

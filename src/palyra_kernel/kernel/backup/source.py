"""Reading a backup: nothing in it is believed before its signature was checked."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

import msgspec

from palyra_kernel.durable.files import FOLLOW_FLAGS
from palyra_kernel.durable.oserrors import translated
from palyra_kernel.errors import IntegrityError, InvalidInputError, NotFoundError
from palyra_kernel.kernel.backup.chunks import read_chunks
from palyra_kernel.kernel.backup.header import (
    SIGNATURE,
    check_signature,
    chunk_cipher,
    damaged,
    read_start,
)
from palyra_kernel.kernel.backup.payload import Item, read_items
from palyra_kernel.keys.signer import fingerprint, parse_fingerprint, signed_by
from palyra_kernel.values.sensitive import SensitiveBytes

_BLOCK = 1024 * 1024


class BackupFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup says about itself. ``signer`` is the fingerprint of whoever signed it: compare it with the
    recovery sheet, or believe nothing of this. ``recipients`` are ids of recovery slots."""

    path: str
    bytes: int
    vault_id: str
    backend: str
    created_at_ms: int
    generation: int
    signer: str
    recipients: tuple[str, ...]


class Source:
    """An open backup whose signature fits the signer that it names; who that is, :meth:`check_signer` asks."""

    def __init__(self, file: FileIO, path: Path) -> None:
        self.path = path
        self.size = os.fstat(file.fileno()).st_size
        self._file = file
        self.header, self._start = read_start(self._read)
        self._payload = self.size - len(self._start) - SIGNATURE
        if self._payload <= 0:
            raise damaged("it ends too early")
        self._check_signature()

    def _check_signature(self) -> None:
        digest, left = hashlib.sha256(self._start), self._payload
        while left:
            block = self._read(min(left, _BLOCK))
            digest.update(block)
            left -= len(block)
            if not block:
                raise damaged("it ends too early")
        check_signature(self.header, digest.digest(), self._read(SIGNATURE + 1))

    def check_signer(self, expected: str) -> None:
        """Raise :class:`IntegrityError` ``wrong_signer`` unless *expected* is the fingerprint of the signer.

        Whoever knows the public key of a recovery slot can seal a vault of their own to it, and sign it; the paper
        is what tells such a file from a backup.
        """
        if not signed_by(self.header.signer, expected):
            raise IntegrityError(
                "wrong_signer",
                f"the backup is signed by {fingerprint(self.header.signer)}, not by {parse_fingerprint(expected)}",
                hint="it is not of your vault, or the root key was changed between the backup and the sheet",
            )

    def items(self, file_key: SensitiveBytes) -> Iterator[Item]:
        """Read what is inside, from the beginning. Raises :class:`IntegrityError` ``backup_damaged``."""
        with translated(f"reading {self.path}"):
            self._file.seek(len(self._start))
        yield from read_items(read_chunks(chunk_cipher(file_key, self._start), self._read, self._payload))

    def facts(self) -> BackupFacts:
        """What the header says."""
        header = self.header
        return BackupFacts(
            path=str(self.path),
            bytes=self.size,
            vault_id=header.vault,
            backend=header.backend,
            created_at_ms=header.created_at_ms,
            generation=header.generation,
            signer=fingerprint(header.signer),
            recipients=tuple(each.slot for each in header.recipients),
        )

    def _read(self, size: int) -> bytes:
        parts = []
        with translated(f"reading {self.path}"):
            while size and (part := self._file.read(size)):
                parts.append(part)
                size -= len(part)
        return b"".join(parts)


@contextmanager
def open_backup(path: Path) -> Iterator[Source]:
    """Open the backup *path* in the block. A link is followed: the person typed it, and the signature decides.

    Raises :class:`NotFoundError` ``file_missing``, :class:`InvalidInputError` ``not_a_file``,
    :class:`IntegrityError` ``backup_damaged`` and :class:`UnavailableError` ``newer_format``.
    """
    with translated(f"reading {path}"):
        try:
            fd = os.open(path, FOLLOW_FLAGS)
        except FileNotFoundError:
            raise NotFoundError("file_missing", f"there is no file {path}") from None
    if not stat.S_ISREG(os.fstat(fd).st_mode):  # before FileIO, which takes no folder and leaves it open
        os.close(fd)
        raise InvalidInputError("not_a_file", f"{path} is not a regular file")
    with FileIO(fd) as file:
        yield Source(file, path)


def inspect_backup(path: Path, signer: str | None = None) -> BackupFacts:
    """What the backup *path* says about itself, after its signature was checked, and its signer if one is
    expected: else nobody vouches for it. Needs no key."""
    with open_backup(path) as source:
        if signer is not None:
            source.check_signer(signer)
        return source.facts()

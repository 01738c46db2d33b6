"""What the author of a record store implements."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import ClassVar, NamedTuple, Self

from palyra_kernel.values.deadline import Deadline


class StoredRecord(NamedTuple):
    """One key of the store. ``value`` is ``None`` after a delete: the version stays, so that it never repeats."""

    key: bytes
    version: int
    value: bytes | None


class RecordStore(ABC):
    """Keeps sealed records under short binary keys, each with a version, and changes several of them at once.

    Keys have 1 to 128 bytes and sort as bytes; values up to 1 MiB. Errors: :class:`ConflictError`,
    :class:`UnavailableError`, :class:`IntegrityError` as for :class:`BlobBackend`. Calls may come from several
    threads and processes at once.
    """

    scheme: ClassVar[str]
    """The URL scheme by which it is chosen, for example ``sqlite``."""

    @classmethod
    @abstractmethod
    def open(cls, url: str) -> Self:
        """Open or create the store at *url*."""

    @abstractmethod
    def get(self, key: bytes) -> StoredRecord | None:
        """Return the record of *key*, also when deleted; ``None`` if it was never written."""

    @abstractmethod
    def scan(self, prefix: bytes, after: bytes | None, limit: int) -> Sequence[StoredRecord]:
        """Return up to *limit* live records whose key starts with *prefix* and is greater than *after*, by key."""

    @abstractmethod
    def commit(
        self, checks: Mapping[bytes, int], puts: Sequence[StoredRecord], deletes: Sequence[bytes]
    ) -> None:
        """Apply all or nothing, durably before it returns.

        *checks* maps keys to the version each must have now, 0 for a key that was never written; a deleted key has
        its last version. A put carries its new version, which must be greater than any the key ever had. Deleting
        an absent key is fine. A failed check or a version that is not greater raises :class:`ConflictError` code
        ``record_changed``, and nothing is changed.
        """

    @abstractmethod
    def watch(self, prefix: bytes, deadline: Deadline) -> bool:
        """Wait until something under *prefix* may have changed since the last call, or the deadline: then False."""

    @abstractmethod
    def close(self) -> None:
        """Release everything. Called once."""

    def exclusive(self, deadline: Deadline) -> AbstractContextManager[None]:
        """Keep other writers out for a while, where the store can; it saves retries and is never needed for
        correctness. ``commit`` must work inside. Raises :class:`UnavailableError` ``locked`` at the deadline."""
        del deadline
        return nullcontext()

    def get_many(self, keys: Sequence[bytes]) -> Mapping[bytes, StoredRecord]:
        """Return the records of *keys*, also deleted ones; keys that were never written are left out. Override it if
        the store can answer from one moment and with one question: every read and write of a secret asks it."""
        found = (self.get(key) for key in keys)
        return {record.key: record for record in found if record is not None}

    def moment(self) -> object | None:
        """Return something that equals its former answer only while nothing at all was committed since, by anybody;
        None if finding that out is not much cheaper than a read, and while it would have to wait: event loops ask.
        Optional; programs that use one credential thousands of times a second ask it each time."""
        return None

    def newer(self, prefix: bytes, version: int) -> Mapping[bytes, int] | None:
        """Return the keys below *prefix* whose record has a version greater than *version*, each with it; None if that
        is not much cheaper than reading them all. Deleted ones may be among them. Optional; a gateway asks it what
        others have changed for a thousand nodes."""
        del prefix, version
        return None

    def purge(self, keys: Sequence[bytes]) -> None:
        """Forget that those of *keys* that are deleted ever existed: nobody will ask for them again, so their versions
        need not stay. Optional; it saves room after a change of the root key."""
        del keys

    def check(self) -> Sequence[str]:
        """Return descriptions of damage in the store's own structure; ``palyra vault verify`` asks. Optional."""
        return ()

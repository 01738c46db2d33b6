"""A record store in memory, for tests whose subject is something else: the whole contract but durability."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Self
from weakref import WeakValueDictionary

from palyra_kernel.contracts import RecordStore, StoredRecord
from palyra_kernel.errors import ConflictError, UnavailableError
from palyra_kernel.values import Deadline


class RecordShelf:
    """The records behind one URL. It lives as long as one store has it open."""

    def __init__(self) -> None:
        self.records: dict[bytes, StoredRecord] = {}
        self.moment = 0
        self.changed_at: dict[bytes, int] = {}
        self.writer = threading.RLock()
        self.state = threading.Condition()


_shelves: WeakValueDictionary[str, RecordShelf] = WeakValueDictionary()
_shelves_lock = threading.Lock()


class MemoryRecordStore(RecordStore):
    """``memory://NAME``; every store that is open at the same URL, in this process, shares the records."""

    scheme = "memory"

    def __init__(self, shelf: RecordShelf) -> None:
        self.shelf = shelf
        self._opened_at = shelf.moment
        self._seen: dict[bytes, int] = {}

    @classmethod
    def open(cls, url: str) -> Self:
        with _shelves_lock:
            shelf = _shelves.get(url)
            if shelf is None:
                _shelves[url] = shelf = RecordShelf()
            return cls(shelf)

    def get(self, key: bytes) -> StoredRecord | None:
        with self.shelf.state:
            return self.shelf.records.get(key)

    def scan(self, prefix: bytes, after: bytes | None, limit: int) -> Sequence[StoredRecord]:
        with self.shelf.state:
            found = [
                record
                for key, record in self.shelf.records.items()
                if record.value is not None and key.startswith(prefix) and (after is None or key > after)
            ]
        return sorted(found)[:limit]

    def commit(
        self, checks: Mapping[bytes, int], puts: Sequence[StoredRecord], deletes: Sequence[bytes]
    ) -> None:
        with self.shelf.writer:
            self._refuse(checks, puts)
            with self.shelf.state:
                self._apply(puts, deletes)
                self.shelf.moment += 1
                self.shelf.changed_at |= dict.fromkeys(
                    (*(put.key for put in puts), *deletes), self.shelf.moment
                )
                self.shelf.state.notify_all()

    def _version(self, key: bytes) -> int:
        record = self.shelf.records.get(key)
        return 0 if record is None else record.version

    def _refuse(self, checks: Mapping[bytes, int], puts: Sequence[StoredRecord]) -> None:
        stale = any(self._version(key) != version for key, version in checks.items())
        if stale or any(put.version <= self._version(put.key) for put in puts):
            raise ConflictError("record_changed", "somebody else changed the record first")

    def _apply(self, puts: Sequence[StoredRecord], deletes: Sequence[bytes]) -> None:
        self.shelf.records |= {put.key: put for put in puts}
        for key in deletes:
            if key in self.shelf.records:
                self.shelf.records[key] = self.shelf.records[key]._replace(value=None)

    def purge(self, keys: Sequence[bytes]) -> None:
        with self.shelf.writer, self.shelf.state:
            for key in keys:
                if key in self.shelf.records and self.shelf.records[key].value is None:
                    del self.shelf.records[key]

    def newer(self, prefix: bytes, version: int) -> Mapping[bytes, int]:
        with self.shelf.state:
            found = self.shelf.records.values()
            return {
                each.key: each.version
                for each in found
                if each.key.startswith(prefix) and each.version > version
            }

    def watch(self, prefix: bytes, deadline: Deadline) -> bool:
        with self.shelf.state:
            since = self._seen.get(prefix, self._opened_at)
            changed = self.shelf.state.wait_for(lambda: self._changed(prefix, since), deadline.remaining())
            self._seen[prefix] = self.shelf.moment
            return changed

    def _changed(self, prefix: bytes, since: int) -> bool:
        return any(at > since for key, at in self.shelf.changed_at.items() if key.startswith(prefix))

    @contextmanager
    def exclusive(self, deadline: Deadline) -> Iterator[None]:
        if not self.shelf.writer.acquire(timeout=deadline.remaining()):
            raise UnavailableError("locked", "another writer held the store until the deadline")
        try:
            yield
        finally:
            self.shelf.writer.release()

    def close(self) -> None:
        """Nothing is held."""

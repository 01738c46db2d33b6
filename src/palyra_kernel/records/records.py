"""What the kernel remembers: sealed, versioned records, changed together and guarded against rollback."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple

import msgspec

from palyra_kernel.contracts.records import RecordStore, StoredRecord
from palyra_kernel.errors import ConflictError, IntegrityError, UnavailableError
from palyra_kernel.keys.derive import DerivedKeys
from palyra_kernel.records.change import Change
from palyra_kernel.records.guard import FORMAT, HeadDocument, SetHash, decode_head
from palyra_kernel.records.heads import EMPTY, Head, HeadFile
from palyra_kernel.records.namespaces import HEAD_KEY, Namespace, guarded_name
from palyra_kernel.records.seal import Sealer
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.sensitive import SensitiveBytes

PAGE = 1000
_ATTEMPTS = 50
_OPTIMISTIC_LOADS = 2


class Record(NamedTuple):
    """A record as a room sees it: version 0 if it was never written, ``document`` None if it is not there now."""

    version: int
    document: bytes | None


class Records:
    """The sealed records of one vault, over a :class:`RecordStore` and the head outside the state root."""

    def __init__(
        self, store: RecordStore, keys: DerivedKeys, heads: HeadFile, *, deadline_seconds: float
    ) -> None:
        self.store = store
        self.keys = keys
        self._heads = heads
        self._sealer = Sealer(keys)
        self._seconds = deadline_seconds
        self._head_cache: tuple[StoredRecord, HeadDocument] | None = None

    def exclusive(self) -> AbstractContextManager[None]:
        """Keep other writers out, where the store can."""
        return self.store.exclusive(Deadline.after(self._seconds))

    def check_head(self) -> Head:
        """Compare the store with what this machine saw; raise :class:`IntegrityError` on a rollback."""
        seen = self._heads.seen()
        head = self._stored_head()[0]
        self._heads.check(head, seen)
        return head

    def adopt_head(self) -> None:
        """Make the head that is missing on this machine, from the store as it is; an empty store is no vault."""
        head = self._stored_head()[0]
        if head == EMPTY:
            raise IntegrityError(
                "records_missing", "the record store is empty", hint="restore it; nothing was changed"
            )
        self._heads.adopt(head)

    def read(self, key: bytes) -> Record:
        """Return the record of *key*."""
        stored = self.store.get(key)
        if stored is None:
            return Record(0, None)
        if stored.value is None:
            return Record(stored.version, None)
        return Record(stored.version, self._sealer.open(stored))

    def open(self, stored: StoredRecord) -> bytes:
        """Open a stored record. Raises :class:`IntegrityError` ``record_tampered``."""
        return self._sealer.open(stored)

    def read_secret(self, stored: StoredRecord) -> SensitiveBytes:
        """Open a stored record that is a key, into a buffer that can be wiped."""
        return self._sealer.open_secret(stored)

    def scan(self, prefix: bytes, after: bytes | None, limit: int) -> list[tuple[bytes, Record]]:
        """Return up to *limit* live records under *prefix*, by key, starting behind *after*."""
        return [
            (stored.key, Record(stored.version, self._sealer.open(stored)))
            for stored in self.store.scan(prefix, after, limit)
        ]

    def stored(self, prefix: bytes) -> Iterator[StoredRecord]:
        """Walk all live records under *prefix* as they are stored."""
        after: bytes | None = None
        while page := self.store.scan(prefix, after, PAGE):
            yield from page
            after = page[-1].key

    def load_guarded(self, namespace: Namespace) -> Sequence[StoredRecord]:
        """Return all stored records of *namespace*, compared with its set-hash.

        Raises :class:`IntegrityError` ``set_tampered`` if one was added, removed, replaced or rolled back.
        """
        for _ in range(_OPTIMISTIC_LOADS):
            before, document = self._stored_head()
            found = list(self.stored(namespace.prefix))
            if self._stored_head()[0] == before:
                break
        else:
            with self.exclusive():
                document = self._stored_head()[1]
                found = list(self.stored(namespace.prefix))
        actual = SetHash(self.keys)
        for stored in found:
            actual.add(stored)
        expected = document.sets.get(namespace.name) if document else None
        if actual.state() != (expected or SetHash(self.keys).state()):
            raise IntegrityError(
                "set_tampered",
                f"the {namespace.name} records are not the ones that were written",
                hint="restore the state root from a backup",
            )
        return found

    def commit(self, change: Change) -> None:
        """Apply *change*, all or nothing, durably. Raises :class:`ConflictError` ``record_changed``."""
        try:
            with self.exclusive():
                for _ in range(_ATTEMPTS):
                    if self._try_commit(change):
                        return
            raise UnavailableError(
                "busy", "the record store kept changing under this write", hint="try again"
            )
        finally:
            change.wipe()

    def _try_commit(self, change: Change) -> bool:
        """Commit once; False if another writer came between, which a store without a lock allows."""
        seen = self._heads.seen()
        head, document = self._stored_head()
        self._heads.check(head, seen)
        current = {key: self.store.get(key) for key in {*change.checks, *change.puts, *change.deletes}}
        versions = {key: 0 if found is None else found.version for key, found in current.items()}
        if any(versions[key] != expected for key, expected in change.checks.items()):
            raise ConflictError(
                "record_changed", "somebody else changed the record first", hint="read it again"
            )
        puts = [self._sealer.seal(key, versions[key] + 1, value) for key, value in change.puts.items()]
        new_head = self._new_head(head, document, current, puts, change)
        if new_head is not None:
            puts.append(new_head)
            versions[HEAD_KEY] = head.generation
        try:
            self.store.commit(versions, puts, sorted(change.deletes))
        except ConflictError:
            return False
        if new_head is not None:
            self._heads.write(_head_of(new_head))
        return True

    def _new_head(
        self,
        head: Head,
        document: HeadDocument | None,
        current: dict[bytes, StoredRecord | None],
        puts: list[StoredRecord],
        change: Change,
    ) -> StoredRecord | None:
        """The head record after the change; None if no guarded record changes."""
        sets: dict[str, SetHash] = {}
        stored = document.sets if document else {}
        for key in (*change.puts, *change.deletes):
            name = guarded_name(key)
            if name is not None:
                entry = sets.setdefault(name, SetHash(self.keys, stored.get(name)))
                before = current[key]
                if before is not None and before.value is not None:
                    entry.remove(before)
        if not sets:
            return None
        for put in puts:
            name = guarded_name(put.key)
            if name is not None:
                sets[name].add(put)
        states = stored | {name: entry.state() for name, entry in sets.items()}
        encoded = msgspec.json.encode(HeadDocument(FORMAT, head.generation + 1, states))
        return self._sealer.seal(HEAD_KEY, head.generation + 1, encoded)

    def _stored_head(self) -> tuple[Head, HeadDocument | None]:
        stored = self.store.get(HEAD_KEY)
        if stored is None:
            return EMPTY, None
        cached = self._head_cache  # one read: another thread may replace it meanwhile
        if cached is None or cached[0] != stored:
            cached = self._head_cache = stored, decode_head(self._sealer.open(stored), stored.version)
        return _head_of(stored), cached[1]

    def head_document(self) -> HeadDocument | None:
        """The present set-hashes, for ``verify``."""
        return self._stored_head()[1]

    def close(self) -> None:
        """Close the store and let go of the keys."""
        try:
            self.store.close()
        finally:
            self.keys.forget()
            self._sealer.forget()


def _head_of(stored: StoredRecord) -> Head:
    return Head(stored.version, hashlib.sha256(stored.value or b"").digest())

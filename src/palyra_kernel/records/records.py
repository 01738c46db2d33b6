"""What the kernel remembers: sealed, versioned records, changed together and guarded against rollback."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple

import msgspec

from palyra_kernel.contracts.records import RecordStore, StoredRecord
from palyra_kernel.errors import ConflictError, IntegrityError, UnavailableError
from palyra_kernel.keys.derive import DerivedKeys
from palyra_kernel.records.change import Change
from palyra_kernel.records.guard import FORMAT, HeadDocument, SetHash, SetState, changed_sets, decode_head
from palyra_kernel.records.heads import EMPTY, Head, HeadFile
from palyra_kernel.records.journal import JOURNAL, JOURNAL_HEAD, JournalHead, appended
from palyra_kernel.records.journal import decode_head as decode_journal
from palyra_kernel.records.namespaces import HEAD_KEY, Namespace, guarded_name
from palyra_kernel.records.seal import Sealer, sealed_epoch
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.digest import sha256
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
        self.heads = heads
        self._sealer = Sealer(keys)
        self._seconds = deadline_seconds
        self._head_cache: tuple[StoredRecord, HeadDocument] | None = None

    def exclusive(self) -> AbstractContextManager[None]:
        """Keep other writers out, where the store can."""
        return self.store.exclusive(Deadline.after(self._seconds))

    def check_head(self) -> Head:
        """Compare the store with what this machine saw; raise :class:`IntegrityError` on a rollback."""
        seen = self._seen()
        head = self._stored_head()[0]
        self.heads.check(head, seen)
        return head

    def _seen(self) -> Head:
        try:
            return self.heads.seen()
        except IntegrityError:
            self.check_epoch()  # under another root key the head is another too
            raise

    def read(self, key: bytes) -> Record:
        """Return the record of *key*."""
        stored = self.store.get(key)
        if stored is not None and stored.value is not None:
            return Record(stored.version, self.open(stored))
        self.check_epoch()  # under another root key other names are in use
        return Record(0 if stored is None else stored.version, None)

    def stored_beside(self, key: bytes, other: bytes) -> tuple[StoredRecord | None, StoredRecord | None]:
        """Return the records of *key* and *other* from the same moment, as they are stored."""
        found = self.store.get_many((key, other))
        stored = found.get(key)
        if stored is None or stored.value is None:
            self.check_epoch()  # under another root key other names are in use
        return stored, found.get(other)

    def open(self, stored: StoredRecord) -> bytes:
        """Open a stored record. Raises :class:`IntegrityError` ``record_tampered``, :class:`UnavailableError`
        ``root_changed``."""
        try:
            return self._sealer.open(stored)
        except IntegrityError:
            self.check_epoch()
            raise

    def read_secret(self, stored: StoredRecord) -> SensitiveBytes:
        """Open a stored record that is a key, into a buffer that can be wiped."""
        try:
            return self._sealer.open_secret(stored)
        except IntegrityError:
            self.check_epoch()
            raise

    def scan(self, prefix: bytes, after: bytes | None, limit: int) -> list[tuple[bytes, bytes]]:
        """Return up to *limit* live keys under *prefix*, starting behind *after*, with their documents."""
        return [(stored.key, self.open(stored)) for stored in self._scanned(prefix, after, limit)]

    def stored(self, prefix: bytes) -> Iterator[StoredRecord]:
        """Walk all live records under *prefix* as they are stored."""
        after: bytes | None = None
        while page := self._scanned(prefix, after, PAGE):
            yield from page
            after = page[-1].key

    def _scanned(self, prefix: bytes, after: bytes | None, limit: int) -> Sequence[StoredRecord]:
        page = self.store.scan(prefix, after, limit)
        if not page:
            self.check_epoch()
        return page

    def check_epoch(self) -> None:
        """Raise unless the store is sealed under our root key: nothing here may pass for absent because of that."""
        if store_epoch(self.store) not in (0, self.keys.epoch):
            raise UnavailableError(
                "root_changed", "the vault got a new root key meanwhile", hint="open the Kernel again"
            )

    def load_guarded(self, namespace: Namespace) -> Sequence[StoredRecord]:
        """Return all stored records of *namespace*, compared with its set-hash."""
        return self.load_guarded_at(namespace)[1]

    def load_guarded_at(self, namespace: Namespace) -> tuple[int, Sequence[StoredRecord]]:
        """The same, and the generation that it is of.

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
        self._compare(namespace, found, document)
        return document.generation if document else 0, found

    def _compare(
        self, namespace: Namespace, found: Sequence[StoredRecord], document: HeadDocument | None
    ) -> None:
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

    def commit(self, change: Change) -> None:
        """Apply *change* and append its events to the journal, all or nothing, durably.

        Raises :class:`ConflictError` ``record_changed``.
        """
        try:
            with self.exclusive():
                for _ in range(_ATTEMPTS):
                    if self._try_commit(change, self._seen(), self.heads.write):
                        return
            raise _busy()
        finally:
            change.wipe()

    def renew(self, change: Change) -> None:
        """Commit *change* to a store that is behind what this machine saw, or of which it saw nothing, and take
        the result for the newest. For whoever decided so: nothing tells whether it is."""
        with self.exclusive():
            head = self._stored_head()[0]
            if head == EMPTY:
                raise IntegrityError(
                    "records_missing", "the record store is empty", hint="restore it; nothing was changed"
                )
            last = self.heads.last().generation  # none comes twice
            if not self._try_commit(change, head, self.heads.adopt, beyond=last):
                raise _busy()

    def _try_commit(
        self, change: Change, seen: Head, remember: Callable[[Head], None], *, beyond: int = 0
    ) -> bool:
        """Commit once; False if another writer came between, which a store without a lock allows."""
        read = {*change.checks, *change.puts, *change.deletes, HEAD_KEY}
        keys = tuple(read | {JOURNAL_HEAD} if change.events else read)
        current = self.store.get_many(keys)
        head, document = self._decoded_head(current.get(HEAD_KEY))
        self.heads.check(head, seen)
        versions = {key: current[key].version if key in current else 0 for key in keys}
        sets_now = document.sets if document else {}
        if any(versions[key] != expected for key, expected in change.checks.items()) or any(
            sets_now.get(name) != expected for name, expected in change.states.items()
        ):
            raise ConflictError(
                "record_changed", "somebody else changed the record first", hint="read it again"
            )
        # No generation comes twice, also after an accepted rollback; a counter of each record's own would.
        generation = max(head.generation, beyond) + 1
        wanted = change.puts | self._journaled(change, current.get(JOURNAL_HEAD), document)
        puts = [
            self._sealer.seal(key, generation if guarded_name(key) else versions[key] + 1, value)
            for key, value in wanted.items()
        ]
        sets = changed_sets(self.keys, document, current, puts, change.deletes)
        if sets is None and not change.states:
            del versions[HEAD_KEY]
        if sets is not None:
            encoded = msgspec.json.encode(HeadDocument(FORMAT, generation, sets))
            puts.append(self._sealer.seal(HEAD_KEY, generation, encoded))
        try:
            self.store.commit(versions, puts, sorted(change.deletes))
        except ConflictError:
            return False
        if sets is not None:
            remember(head_of(puts[-1]))
        return True

    def _journaled(
        self, change: Change, stored: StoredRecord | None, document: HeadDocument | None
    ) -> dict[bytes, bytes]:
        """The records that the events of *change* add. An old journal head in the place of the present one would have
        them overwrite events that were acknowledged: it is compared first."""
        if not change.events:
            return {}
        present = [stored] if stored is not None and stored.value is not None else []
        self._compare(JOURNAL, present, document)
        planned = change.puts.get(JOURNAL_HEAD)  # of whoever shortens the journal
        if planned is not None:
            head = decode_journal(bytes(planned))
        else:
            head = decode_journal(self.open(present[0])) if present else JournalHead()
        return appended(head, change.events)

    def _stored_head(self) -> tuple[Head, HeadDocument | None]:
        return self._decoded_head(self.store.get(HEAD_KEY))

    def _decoded_head(self, stored: StoredRecord | None) -> tuple[Head, HeadDocument | None]:
        if stored is None:
            return EMPTY, None
        cached = self._head_cache  # one read: another thread may replace it meanwhile
        if cached is None or cached[0] != stored:
            cached = self._head_cache = stored, decode_head(self.open(stored), stored.version)
        return head_of(stored), cached[1]

    def head_document(self) -> HeadDocument | None:
        """The present set-hashes, for ``verify``."""
        return self._stored_head()[1]

    def set_state(self, namespace: Namespace) -> SetState | None:
        """The set-hash of *namespace* now; as long as it is the same, nothing in there was changed."""
        return self.set_states(namespace)[0]

    def set_states(self, *namespaces: Namespace) -> tuple[SetState | None, ...]:
        """Those of several, of one moment."""
        document = self._stored_head()[1]
        sets = document.sets if document else {}
        return tuple(sets.get(namespace.name) for namespace in namespaces)

    def close(self) -> None:
        """Close the store and let go of the keys."""
        try:
            self.store.close()
        finally:
            self.keys.forget()
            self._sealer.forget()


def store_epoch(store: RecordStore) -> int:
    """The epoch of the root key that *store* says it is sealed under; 0 if it holds nothing yet."""
    head = store.get(HEAD_KEY)
    return 0 if head is None else sealed_epoch(head.value)


def _busy() -> UnavailableError:
    return UnavailableError("busy", "the record store kept changing under this write", hint="try again")


def head_of(stored: StoredRecord) -> Head:
    """What the head file remembers of a sealed head record."""
    return Head(stored.version, sha256(stored.value or b""))

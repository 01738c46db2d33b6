"""A guarded namespace that a process knows by heart: compared with its set-hash whenever it changed, read once.

At 100,000 devices reading them all takes seconds, and every pairing changes some. So a change is followed record by
record, and the sum over all of them is compared with the set-hash as if they had been read again: no old record and
no missing one gets past it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import RLock
from typing import Generic, NamedTuple, TypeVar

from palyra_kernel.contracts.records import StoredRecord
from palyra_kernel.errors import IntegrityError, UnavailableError
from palyra_kernel.identity.recent import Recent
from palyra_kernel.records import Change, Namespace, Records
from palyra_kernel.records.guard import SetHash, SetState

T = TypeVar("T")
_LOOKS = 3


class Row(NamedTuple, Generic[T]):
    """A record and its version; ``value`` None where there is none now."""

    version: int
    value: T | None


class Kept(Generic[T]):
    """All records of *namespace*, opened and decoded when they are first asked for. Any number of threads may share it.

    *decode* returns None for what it cannot understand; that record is ``record_damaged``, the others work.
    """

    def __init__(self, records: Records, namespace: Namespace, decode: Callable[[bytes], T | None]) -> None:
        self.namespace = namespace
        self._records = records
        self._recent = Recent(records)
        self._decode = decode
        self._lock = RLock()
        self._stored: dict[bytes, StoredRecord] | None = None
        self._values: dict[bytes, T] = {}
        self._state: SetState | None = None
        self._count = 0
        self._moment: object | None = None
        self._looked: tuple[int, SetState | None] | None = None
        self.full_readings = 0
        """How often all of them were read."""

    def get(self, key: bytes) -> T | None:
        """The record of *key* as of this moment, also where another process has just changed it.

        Raises :class:`IntegrityError` ``set_tampered``, ``record_damaged``.
        """
        moment = self._records.store.moment()  # first: what changes meanwhile is noticed the next time
        if moment is None or moment != self._moment:
            self._refresh(moment)
        found = self._values.get(key)
        return self._opened(key) if found is None else found

    def glance(self, key: bytes) -> T | None:
        """The same, if it is known at once, without a lock or a disk: else None. For an event loop."""
        moment = self._records.store.moment()
        return None if moment is None or moment != self._moment else self._values.get(key)

    def row(self, key: bytes) -> Row[T]:
        """What :meth:`get` tells, with the version that a change of it must check."""
        for _ in range(_LOOKS):
            with self._lock:
                value = self.get(key)
                if value is not None and self._stored is not None:
                    return Row(self._stored[key].version, value)
            stored = self._records.store.get(key)
            if stored is None or stored.value is None:
                return Row(0 if stored is None else stored.version, None)
        raise IntegrityError(  # it is there, and the set-hash does not know it
            "set_tampered",
            f"a {self.namespace.name} record is there that nobody wrote",
            hint="restore the state root from a backup",
        )

    def all(self) -> Iterator[tuple[bytes, Row[T]]]:
        """Every record by its key, in no order."""
        self._refresh(self._records.store.moment())
        with self._lock:
            stored = list((self._stored or {}).values())
        for each in stored:
            value = self._opened(each.key, keep=False)
            if value is not None:
                yield each.key, Row(each.version, value)

    def newer(self, version: int) -> tuple[int, list[T]]:
        """What was written behind *version*, oldest first, and the version to ask with the next time."""
        self._refresh(self._records.store.moment())
        with self._lock:
            if self._looked == (
                version,
                self._state,
            ):  # whoever looks all the time finds nothing most of the time
                return version, []
            found = sorted(
                (each.version, each.key) for each in (self._stored or {}).values() if each.version > version
            )
            values = [self._opened(key) for _, key in found]
            last = found[-1][0] if found else version
            self._looked = last, self._state
        return last, [value for value in values if value is not None]

    def last(self) -> int:
        """The version behind which :meth:`newer` finds nothing yet; no record is opened for it."""
        self._refresh(self._records.store.moment())
        with self._lock:
            return max((each.version for each in (self._stored or {}).values()), default=0)

    def plan(self, change: Change, key: bytes, version: int, document: bytes | None) -> None:
        """Add to *change*: *key*, still at *version*, gets *document*; None: it is deleted."""
        change.check(key, version)
        if document is None:
            change.delete(key)
        else:
            change.put(key, document)
        self._recent.plan(change, (key,))

    def _opened(self, key: bytes, *, keep: bool = True) -> T | None:
        with self._lock:
            stored = None if self._stored is None else self._stored.get(key)
            if stored is None:
                return None
            found = self._values.get(key)
            if found is None:
                found = self._decode(self._records.open(stored))
                if found is None:
                    raise _damaged(self.namespace)
                if keep:
                    self._values[key] = found
            return found

    def _refresh(self, moment: object | None) -> None:
        with self._lock:
            state = self._records.set_state(self.namespace)
            if self._stored is None or state != self._state:
                followed = self._followed(self._stored)
                self._stored = self._read_all() if followed is None else followed
            self._moment = moment

    def _followed(self, known: dict[bytes, StoredRecord] | None) -> dict[bytes, StoredRecord] | None:
        """*known* with the changes that were noted; None unless they lead to the state that the head tells of."""
        if known is None:
            return None
        for _ in range(_LOOKS):  # a commit may come between the questions
            state = self._records.set_state(self.namespace)
            hints = self._recent.since(self._count)
            if hints is None:
                return None
            count, noted = hints
            keys = [key for key in noted if key.startswith(self.namespace.prefix)]
            found = self._records.store.get_many(keys)
            total = SetHash(self._records.keys, self._state)
            for key in keys:
                if key in known:
                    total.remove(known[key])
                if key in found and found[key].value is not None:
                    total.add(found[key])
            if total.state() == (state or SetHash(self._records.keys).state()):
                for key in keys:
                    self._values.pop(key, None)
                    known.pop(key, None)
                    if key in found and found[key].value is not None:
                        known[key] = found[key]
                self._state, self._count = state, count
                return known
        return None

    def _read_all(self) -> dict[bytes, StoredRecord]:
        for _ in range(_LOOKS):
            count = self._recent.count()  # first: what is noted meanwhile is looked at again
            if (found := self._loaded()) is not None:
                break
        else:
            with self._records.exclusive():
                count = self._recent.count()
                found = self._loaded()
        if found is None:  # a store without a lock
            raise UnavailableError("busy", "the records of devices kept changing", hint="try again")
        self.full_readings += 1
        self._values.clear()
        self._count = count
        return found

    def _loaded(self) -> dict[bytes, StoredRecord] | None:
        """All of them, if the set-hash was the same before and after; it becomes the one that is known."""
        state = self._records.set_state(self.namespace)
        found = self._records.load_guarded(self.namespace)
        if self._records.set_state(self.namespace) != state:
            return None
        self._state = state
        return {stored.key: stored for stored in found}


def _damaged(namespace: Namespace) -> IntegrityError:
    return IntegrityError(
        "record_damaged",
        f"a {namespace.name} record cannot be understood",
        hint="palyra vault verify",
    )

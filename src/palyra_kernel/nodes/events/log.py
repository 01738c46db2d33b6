"""The events of one device, in a ring of slots: the newest are there, each under its number, and nothing grows.

Plain records. What a device says of itself decides nothing, and a thousand devices that talk must not keep the commits
of everybody else waiting; the number and the run in each record say whether it is the one that belongs there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeVar

import msgspec

from palyra_kernel.errors import ConflictError, DeniedError, IntegrityError
from palyra_kernel.identity.committing import commit
from palyra_kernel.nodes.events.event import Event, NewEvent
from palyra_kernel.records import Change, Namespace, Records
from palyra_kernel.values.decoding import decode_json
from palyra_kernel.values.ulid import new_ulid

NODE_EVENTS = Namespace("node_events", guarded=False)
NODE_EVENT_HEADS = Namespace("node_event_heads", guarded=False)
SLOTS = 512
"""Events that are kept of a device."""
MAX_AGE_MS = 7 * 86_400_000
_FORMAT = 1
_LOOKS = 8
_PAGE = 256
_FEW = 16


class Head(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a log is. ``run``: which life of the log, so that numbers of an earlier one mean nothing. Events ``first``
    to ``next - 1`` are there."""

    format: int = _FORMAT
    run: str
    slots: int
    first: int = 1
    next: int = 1

    @property
    def last(self) -> int:
        """The number of the newest event; 0 before the first."""
        return self.next - 1


class _Kept(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: int = _FORMAT
    run: str
    event: Event


class Page(NamedTuple):
    """Events in order without a gap; ``missed``: how many were asked for before them that are no longer kept."""

    head: Head
    events: tuple[Event, ...]
    missed: int


T = TypeVar("T", Head, _Kept)


class EventLog:
    """The logs of all devices. Any number of threads and processes may write: no two events have one number."""

    def __init__(self, records: Records, *, slots: int = SLOTS) -> None:
        self._records = records
        self._slots = slots

    def head(self, device: str) -> Head | None:
        """Where the log of *device* is; None if it said nothing yet."""
        return self._head(device)[1]

    def append(
        self, device: str, events: Sequence[NewEvent], at_ms: int, *, after: int | None = None
    ) -> Head:
        """Keep *events*, all of them or none, durably. *after*: the newest number that the device knows of. What it
        sends again, because the answer was lost, is kept once.

        Raises :class:`ConflictError` ``events_diverged`` where what it sends again is something else, and
        :class:`DeniedError` ``events_ahead`` where it knows of numbers that were never given.
        """
        made: list[Head] = []

        def plan() -> Change:
            version, head = self._head(device)
            if head is None:
                head = Head(run=new_ulid(at_ms), slots=self._slots)
            new = events[self._again(device, head, events, after) :]
            change = Change()
            change.check(_head_key(device), version)
            for sequence, event in enumerate(new, start=head.next):
                kept = Event(sequence=sequence, at_ms=at_ms, name=event.name, payload=event.payload)
                _replace(change, _key(device, head, sequence), _Kept(run=head.run, event=kept))
            following = head.next + len(new)
            first = max(head.first, following - head.slots)
            made.append(msgspec.structs.replace(head, next=following, first=first))
            change.put(_head_key(device), msgspec.json.encode(made[-1]))
            return change

        commit(self._records, plan)
        return made[-1]

    def page(self, device: str, behind: int, limit: int) -> Page:
        """Up to *limit* events behind the number *behind*.

        Raises :class:`IntegrityError` ``event_missing``, ``record_damaged``; :class:`DeniedError` ``events_ahead``.
        """
        for _ in range(_LOOKS):  # a writer may come around the ring between the questions
            head = self._head(device)[1]
            if head is None:
                return Page(Head(run="", slots=self._slots), (), 0)
            if behind > head.last:
                raise _ahead()
            start = max(head.first, behind + 1)
            events = self._read(device, head, start, min(head.next, start + limit))
            if events is not None:
                return Page(head, events, start - behind - 1)
        raise ConflictError("events_moving", "the events of this device come faster than they are read")

    def prune(self, at_ms: int, max_age_ms: int = MAX_AGE_MS) -> int:
        """Delete what is older than *max_age_ms*, of all devices; return how many events that were."""
        return sum(self._prune(device, at_ms - max_age_ms) for device in list(self._devices()))

    def plan_end(self, change: Change, device: str) -> None:
        """Add to *change*: nothing is known of *device* any more."""
        version, head = self._head(device)
        if head is not None:
            change.check(_head_key(device), version)
            change.delete(_head_key(device))
            for sequence in range(head.first, head.next):
                change.delete(_key(device, head, sequence))

    def _prune(self, device: str, before_ms: int) -> int:
        gone: list[int] = []

        def plan() -> Change:
            change = Change()
            gone.clear()
            version, head = self._head(device)
            if head is not None:
                gone.extend(self._older(device, head, before_ms))
            if head is not None and gone:
                change.check(_head_key(device), version)
                kept = msgspec.structs.replace(head, first=head.first + len(gone))
                change.put(_head_key(device), msgspec.json.encode(kept))
                for sequence in gone:
                    change.delete(_key(device, head, sequence))
            return change

        commit(self._records, plan)
        return len(gone)

    def _older(self, device: str, head: Head, before_ms: int) -> Iterator[int]:
        """The numbers of the events from before *before_ms*: a few are read at a time, for mostly there are none."""
        for start in range(head.first, head.next, _FEW):
            for event in self._read(device, head, start, min(start + _FEW, head.next)) or ():
                if event.at_ms >= before_ms:
                    return
                yield event.sequence

    def _again(self, device: str, head: Head, events: Sequence[NewEvent], after: int | None) -> int:
        """How many of *events* are there already."""
        if after is None or after == head.last:
            return 0
        if after > head.last:
            raise _ahead()
        count = head.last - after
        if count > len(events):
            raise _diverged()
        start = max(head.first, after + 1)
        known = self._read(device, head, start, head.next)
        if known is None:  # somebody else writes: the commit plans anew
            raise ConflictError("record_changed", "the events of this device changed")
        for had, new in zip(known, events[start - after - 1 : count], strict=True):
            if (had.name, had.payload) != (new.name, new.payload):
                raise _diverged()
        return count

    def _read(self, device: str, head: Head, start: int, end: int) -> tuple[Event, ...] | None:
        """Events *start* to *end* - 1; None where newer ones took their slots meanwhile."""
        keys = [_key(device, head, sequence) for sequence in range(start, end)]
        found = self._records.store.get_many(keys) if keys else {}
        events: list[Event] = []
        for sequence, key in enumerate(keys, start=start):
            stored = found.get(key)
            there = stored is not None and stored.value is not None
            kept = _decoded(self._records.open(stored), _Kept) if stored is not None and there else None
            if kept is None or kept.run != head.run or kept.event.sequence != sequence:
                if self._head(device)[1] != head:
                    return None
                self._records.check_epoch()
                raise IntegrityError(
                    "event_missing",
                    f"event {sequence} of a device is not the one that was written",
                    hint="palyra vault verify",
                )
            events.append(kept.event)
        return tuple(events)

    def _devices(self) -> Iterator[str]:
        after: bytes | None = None
        while page := self._records.scan(NODE_EVENT_HEADS.prefix, after, _PAGE):
            yield from (key.removeprefix(NODE_EVENT_HEADS.prefix).decode() for key, _ in page)
            after = page[-1][0]

    def _head(self, device: str) -> tuple[int, Head | None]:
        record = self._records.read(_head_key(device))
        return record.version, None if record.document is None else _decoded(record.document, Head)


def _head_key(device: str) -> bytes:
    return NODE_EVENT_HEADS.key(device)


def _key(device: str, head: Head, sequence: int) -> bytes:
    return NODE_EVENTS.key(f"{device}/".encode() + (sequence % head.slots).to_bytes(4, "big"))


def _replace(change: Change, key: bytes, kept: _Kept) -> None:
    """Of more events than there are slots the newest counts."""
    change.puts.pop(key, None)
    change.put(key, msgspec.json.encode(kept))


def _decoded(document: bytes, kind: type[T]) -> T:
    try:
        found = decode_json(document, kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        found = None
    if found is None or found.format != _FORMAT:
        raise IntegrityError(
            "record_damaged", "a record of events cannot be understood", hint="palyra vault verify"
        )
    return found


def _diverged() -> ConflictError:
    return ConflictError(
        "events_diverged", "what was sent again is not what was sent before", hint="ask where to go on"
    )


def _ahead() -> DeniedError:
    return DeniedError(
        "events_ahead",
        "there is no event of that number yet",
        hint="begin without a token: an old copy is in use",
    )

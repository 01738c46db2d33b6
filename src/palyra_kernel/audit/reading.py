"""Reading the journal: which events there are, one after the other, each where it belongs."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from palyra_kernel.audit.encoding import BODY, Opened, decode
from palyra_kernel.errors import ConflictError, IntegrityError
from palyra_kernel.records import Records
from palyra_kernel.records.journal import (
    EVENTS,
    JOURNAL,
    JOURNAL_HEAD,
    Entry,
    JournalHead,
    decode_entry,
    decode_head,
    event_key,
)
from palyra_kernel.values.decoding import decoder

_PAGE = 500


class Told(msgspec.Struct, frozen=True):
    """One event with its place in the chain: its number, the hash of the one before, and its own."""

    number: int
    previous: bytes
    hash: bytes
    opened: Opened
    size: int
    """Bytes of its record."""


def journal_head(records: Records) -> JournalHead:
    """Which events there are. Raises :class:`IntegrityError` ``set_tampered`` or ``journal_damaged``."""
    for stored in records.load_guarded(JOURNAL):
        if stored.key == JOURNAL_HEAD:
            return decode_head(records.open(stored))
    return JournalHead()


def read_events(records: Records, head: JournalHead, first: int, last: int) -> Iterator[Told]:
    """The events *first* to *last* of the journal that *head* describes.

    Raises :class:`IntegrityError` for the first that is missing, was changed, or does not follow the one before it, and
    :class:`ConflictError` ``journal_shortened`` if somebody moves it to an archive meanwhile.
    """
    previous = bytes.fromhex(head.before) if first == head.first else None
    number = first
    for entry, size in _entries(records, first, last):
        if entry.number != number:
            break
        if previous not in (None, entry.previous):
            raise not_following(number)
        told = Told(number, entry.previous, entry.hash, opened(entry), size)
        yield told
        previous, number = told.hash, number + 1
    if number <= last:
        raise shortened() if journal_head(records).first > number else missing(number, number)
    if last == head.last and previous not in (None, bytes.fromhex(head.hash)):
        raise not_following(last + 1)


def opened(entry: Entry) -> Opened:
    """What *entry* says. Raises :class:`IntegrityError` ``event_damaged``."""
    try:
        return decode(entry.event)
    except IntegrityError:
        raise IntegrityError(
            "event_damaged", f"event {entry.number} is not what was committed to", hint=RESTORE
        ) from None


def times(records: Records, first: int, last: int) -> Iterator[tuple[int, int]]:
    """Number and time of each event *first* to *last*; nothing else of it is read."""
    for entry, _ in _entries(records, first, last):
        yield entry.number, _time.decode(entry.event[BODY:]).time


def _entries(records: Records, first: int, last: int) -> Iterator[tuple[Entry, int]]:
    after = event_key(first - 1)
    while page := records.scan(EVENTS.prefix, after, min(_PAGE, last - first + 1)):
        for key, document in page:
            entry = decode_entry(key, document)
            if entry.number > last:
                return
            yield entry, len(document)
        after = page[-1][0]


class _Time(msgspec.Struct):
    time: int


_time = decoder(_Time)
RESTORE = "restore the state root from a backup; palyra audit verify lists all that is wrong"


def missing(first: int, last: int) -> IntegrityError:
    """The error for events that should be there."""
    which = f"event {first} is" if first == last else f"events {first} to {last} are"
    return IntegrityError("event_missing", f"{which} missing", hint=RESTORE)


def shortened() -> ConflictError:
    """The error for events that somebody else moved to an archive."""
    return ConflictError(
        "journal_shortened", "somebody else shortened the journal meanwhile", hint="palyra audit tail"
    )


def not_following(number: int) -> IntegrityError:
    """The error for a break between two events."""
    return IntegrityError(
        "chain_broken", f"event {number} does not follow event {number - 1}: one was replaced", hint=RESTORE
    )

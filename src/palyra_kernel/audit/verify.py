"""Is the journal the one that was written? Each event that was changed, removed, moved, added or cut off is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from palyra_kernel.audit.reading import journal_head, missing, not_following, opened
from palyra_kernel.contracts.records import StoredRecord
from palyra_kernel.errors import IntegrityError
from palyra_kernel.records import Records
from palyra_kernel.records.journal import EVENTS, Entry, JournalHead, decode_entry
from palyra_kernel.values.findings import Finding, finding_of

Progress = Callable[[int], None]
"""Called with the number of events that were checked."""

_ATTEMPTS = 10
_EVERY = 500


def verify_journal(records: Records, progress: Progress = lambda _: None) -> tuple[int, list[Finding]]:
    """How many events there are, and what is wrong with them; nothing if all is well.

    Writers are not stopped: what they add meanwhile is behind the head that was read first. That record is compared
    with its set-hash, the chain ends in it, and so every event in front of it is proved.
    """
    findings: list[Finding] = []
    try:
        records.check_head()
        head = journal_head(records)
        for _ in range(_ATTEMPTS):
            findings = list(_Walk(records, head, progress).faults())
            now = journal_head(records)
            if now.first == head.first:
                break
            head = now  # somebody shortened the journal meanwhile
    except IntegrityError as error:
        return 0, [*findings, finding_of(error, "journal")]
    return head.last + 1 - head.first, findings


class _Walk:
    """One walk over all event records."""

    def __init__(self, records: Records, head: JournalHead, progress: Progress) -> None:
        self._records = records
        self._head = head
        self._progress = progress
        self._number = head.first
        self._previous: bytes | None = bytes.fromhex(head.before)
        """What the next event is chained to; None behind one that cannot be read."""

    def faults(self) -> Iterator[Finding]:
        beyond: list[int] = []
        for done, stored in enumerate(self._records.stored(EVENTS.prefix)):
            if not done % _EVERY:
                self._progress(done)
            number = _number(stored.key)
            if number is None or number < self._head.first:
                yield _finding(_inserted(number), number)
            elif number > self._head.last:
                beyond.append(number)
            else:
                yield from self._reached(number)
                yield from self._judged(number, stored)
        yield from self._reached(self._head.last + 1)
        if self._previous not in (None, bytes.fromhex(self._head.hash)):
            yield _finding(not_following(self._head.last + 1), self._head.last)
        last = journal_head(self._records).last
        yield from (_finding(_inserted(number), number) for number in beyond if number > last)

    def _reached(self, number: int) -> Iterator[Finding]:
        """Everything in front of *number* should have come by."""
        if number > self._number:
            yield _finding(missing(self._number, number - 1), self._number)
            self._previous = None

    def _judged(self, number: int, stored: StoredRecord) -> Iterator[Finding]:
        self._number = number + 1
        previous, self._previous = self._previous, None
        try:
            entry = self._entry(stored)
            if previous not in (None, entry.previous):
                yield _finding(not_following(number), number)
            self._previous = entry.hash
            opened(entry)
        except IntegrityError as error:
            yield _finding(error, number)

    def _entry(self, stored: StoredRecord) -> Entry:
        return decode_entry(stored.key, self._records.open(stored))


def _number(key: bytes) -> int | None:
    suffix = key.removeprefix(EVENTS.prefix)
    return int.from_bytes(suffix, "big") if len(suffix) == 8 else None


def _inserted(number: int | None) -> IntegrityError:
    which = "a record of the journal" if number is None else f"event {number}"
    return IntegrityError("event_inserted", f"{which} was added by somebody else")


def _finding(error: IntegrityError, number: int | None) -> Finding:
    return finding_of(error, "journal" if number is None else f"event {number}")

"""The audit log of an open vault: adding to it, reading it, proving it, shortening it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING

from palyra_kernel.audit.encoding import encode
from palyra_kernel.audit.event import Event
from palyra_kernel.audit.group import Group
from palyra_kernel.audit.reading import Told, journal_head, read_events
from palyra_kernel.records import Change, Records
from palyra_kernel.records.journal import JournalHead
from palyra_kernel.values.findings import Finding

if TYPE_CHECKING:
    from palyra_kernel.audit.export import ExportReport
    from palyra_kernel.audit.signing import SeedSource, Signer
    from palyra_kernel.audit.verify import Progress


class Audit:
    """What happened in one vault. Any thread may call it."""

    def __init__(self, records: Records, seed: SeedSource) -> None:
        self._records = records
        self._seed = seed
        self.group = Group(records)
        """Where reads go that need not be durable before their answer."""

    def write(self, event: Event, change: Change | None = None) -> None:
        """Commit *event*, behind the reads that are pending, in one commit with *change* if there is one.

        Durable when it returns; where it raises nothing of *change* happened either.
        """
        change = change or Change()
        change.record(encode(event))
        with self.group.joined(change):
            self._records.commit(change)

    def head(self) -> JournalHead:
        """Which events there are, and their bytes."""
        return journal_head(self._records)

    def tail(self, count: int) -> list[Told]:
        """The newest *count* events, oldest first."""
        self.group.flush()
        head = self.head()
        first = max(head.first, head.last + 1 - count)
        return list(read_events(self._records, head, first, head.last)) if first <= head.last else []

    def verify(self, progress: Progress = lambda _: None) -> tuple[int, list[Finding]]:
        """How many events there are, and what is wrong with them."""
        from palyra_kernel.audit.verify import verify_journal

        self.group.flush()
        return verify_journal(self._records, progress)

    def export(
        self,
        write: Callable[[bytes], object],
        *,
        redacted: Collection[str] = (),
        since_ms: int | None = None,
        until_ms: int | None = None,
    ) -> ExportReport:
        """Hand the journal to *write*, line by line, without the values of the *redacted* fields.

        Raises :class:`InvalidInputError` ``unknown_field``, :class:`NotFoundError` ``no_events`` and
        :class:`IntegrityError` for an event that is not as it was written.
        """
        from palyra_kernel.audit.export import Exporter, checked_fields, stretch_between

        checked_fields(redacted)
        self.group.flush()
        head, signer = self.head(), self.signer()
        stretch = stretch_between(self._records, head, since_ms, until_ms)
        return Exporter(self._records, signer).write(write, head, stretch, redacted)

    def archive(self, path: Path, *, keep: int, event: Event) -> ExportReport:
        """Move all but the newest *keep* events to the new file *path*; *event* says who wants that."""
        from palyra_kernel.audit.archive import archive

        self.group.flush()
        return archive(self._records, self.signer(), path, keep, event)

    def signer(self) -> Signer:
        """Who signs the exports of this vault."""
        from palyra_kernel.audit.signing import Signer

        return Signer(self._seed)

    def close(self) -> None:
        """Commit what is pending. Closing twice is fine."""
        self.group.close()

"""What one act does to the leases of one device: planned step by step, with its line written at the end."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from palyra_kernel.errors import ConflictError, PalyraError
from palyra_kernel.nodes.lease import Lease, damaged, encoded, step
from palyra_kernel.nodes.ledger import INPUTS, LEASES, LINES, OUTPUTS, PAST, Row
from palyra_kernel.nodes.shared import Shared
from palyra_kernel.nodes.states import Event
from palyra_kernel.records import Change


class Turn:
    """The line of *device* as it is now, and a change to it at the moment *now_ms*. *decided*: whoever plans it writes
    it down, so nothing comes beside it."""

    def __init__(
        self, shared: Shared, change: Change, device: str, now_ms: int, *, decided: bool = False
    ) -> None:
        self.change = change
        self.device = device
        self.now_ms = now_ms
        self._shared = shared
        self._beside = None if decided else shared.beside
        self._version, self._before = shared.ledger.line(device)
        self.line = self._before
        self.news: list[bytes] = []
        """Records that somebody may wait for."""

    @property
    def grown(self) -> int:
        """How many leases more are in the line than there were."""
        return len(self.line) - len(self._before)

    def row(self, id: str) -> Row:
        """A lease that stands in the line. Raises :class:`IntegrityError` ``lease_damaged`` if it is not there."""
        row = self._shared.ledger.live(id)
        if row is None:
            raise self._torn()
        return row

    def body(self, lease: Lease) -> bytes:
        """The input of a lease that waits. Raises the same."""
        document = self._shared.ledger.input(lease.id)
        if document is None:
            raise self._torn()
        return document

    def _torn(self) -> PalyraError:
        """What the line names is not there: it went since the line was read, or the records are damaged."""
        if self._shared.ledger.line(self.device)[0] == self._version:
            return damaged()
        return ConflictError("record_changed", "the leases of this device changed", hint="plan it again")

    def rows(self) -> Iterator[Row]:
        """All of them; those that wait first."""
        for each in (*self.line.queued, *self.line.held):
            yield self.row(each)

    def overdue(self, lease: Lease) -> bool:
        """Whether time has ended *lease*."""
        return lease.at(self.now_ms, self._shared.incarnation) == "expired"

    def step(self, lease: Lease, event: Event, **facts: object) -> Lease:
        """*lease* after *event*."""
        return step(lease, event, self.now_ms, self._shared.incarnation, **facts)

    def enter(self, lease: Lease, body: bytes) -> None:
        """A new lease, and its input."""
        self.change.check(LEASES.key(lease.id), 0)
        self._put(lease)
        self.change.put(INPUTS.key(lease.id), body)
        self.line = self.line.entered(lease.id)

    def take(self, row: Row, holder: bytes) -> Lease:
        """The lease of *row* goes to the device; its input is not needed any more."""
        taken = self.keep(row, "hand_over", holder=holder)
        self._delete(INPUTS.key(taken.id))
        self.line = self.line.taken(taken.id)
        return taken

    def keep(self, row: Row, event: Event, **facts: object) -> Lease:
        """The lease of *row* after *event*, with which it is not over."""
        lease = self.step(row.lease, event, **facts)
        self._unchanged(row)
        self._put(lease)
        self._add(event, lease)
        return lease

    def end(self, row: Row, event: Event, *, body: bytes | None = None, **facts: object) -> Lease:
        """The lease of *row* after *event*, with which it is over. *body*: its output."""
        lease = self.step(row.lease, event, **facts)
        self._unchanged(row)
        self._delete(LEASES.key(lease.id))
        if lease.id in self.line.queued:
            self._delete(INPUTS.key(lease.id))
        self.change.put(PAST.key(lease.id), encoded(lease))
        if body is not None:
            self.change.put(OUTPUTS.key(lease.output), body)
        self.line = self.line.left(lease.id)
        self.news.append(LEASES.key(lease.id))
        self._add(event, lease)
        return lease

    def close(self, row: Row, why: str) -> Lease:
        """The lease of *row* is over by the time, or else cancelled because of *why*."""
        return self.end(row, "expire") if self.overdue(row.lease) else self.end(row, "cancel", ended=why)

    def end_overdue(self) -> None:
        """Whatever time has ended is over."""
        for row in list(self.rows()):
            if self.overdue(row.lease):
                self.end(row, "expire")

    def write(self) -> None:
        """Add the line to the change; where it is the same, it is to stay so."""
        self.change.check(LINES.key(self.device), self._version)
        if self.line != self._before:
            self.change.put(LINES.key(self.device), msgspec.json.encode(self.line))
            self.news.append(LINES.key(self.device))

    def _unchanged(self, row: Row) -> None:
        """A deleted record keeps its version; so what is over is noticed by what was written for it."""
        self.change.check(LEASES.key(row.lease.id), row.version)
        self.change.check(PAST.key(row.lease.id), 0)

    def _put(self, lease: Lease) -> None:
        self.change.put(LEASES.key(lease.id), encoded(lease))
        self.news.append(LEASES.key(lease.id))

    def _delete(self, key: bytes) -> None:
        self.change.delete(key)
        self._shared.dead.append(key)

    def _add(self, event: Event, lease: Lease) -> None:
        beside = self._beside and self._beside(event, lease)
        if beside is not None:
            self.change.merge(beside)

"""Runs leases on the node: checked, written down, asked about, run once, and kept until the gateway has the result.

Everything that is to be said to the gateway goes through one callable, in order for each lease: ``acknowledged`` when
it is written down, ``awaiting_local`` and ``running``, then one of the final states. ``refused`` stands alone: nothing
was written down, and nothing ran.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Mapping
from threading import RLock

from palyra_kernel.contracts.capabilities import Capability
from palyra_kernel.device.consent import Consent, deny
from palyra_kernel.device.journal import Journal, interrupted
from palyra_kernel.device.life import CheckGrant, Life, Means, check_time, failed, reported
from palyra_kernel.device.seats import Seats
from palyra_kernel.device.work import LeaseDeadline, Report, Work, checked_work
from palyra_kernel.errors import DeniedError, InvalidInputError, NotFoundError, PalyraError, UnavailableError
from palyra_kernel.values.deadline import Deadline

AT_ONCE = 4
"""Leases that run at the same time. One whose capability does not heed a cancellation holds its seat until its
deadline."""
IN_HAND = 16
"""Leases that are taken: those that run, and those that wait for a seat or for somebody to agree."""

_log = logging.getLogger(__name__)


class Runner:
    """The leases of one node, with its *capabilities* by name. Any thread may call any method; none of them waits for
    a capability. *report* is called from several threads, and has to return soon."""

    def __init__(
        self,
        journal: Journal,
        capabilities: Mapping[str, Capability],
        device: str,
        *,
        check_grant: CheckGrant,
        report: Callable[[Report], None],
        consent: Consent = deny,
        at_once: int = AT_ONCE,
        in_hand: int = IN_HAND,
    ) -> None:
        self._journal = journal
        self._device = device
        self._report = report
        self._in_hand = in_hand
        self._means = Means(
            capabilities=capabilities,
            check_grant=check_grant,
            consent=consent,
            seats=Seats(at_once),
            say=self._say,
        )
        self._lock = RLock()
        self._lives: dict[str, Life] = {}
        self._unwritten: dict[str, Report] = {}
        self._closed = False

    def start(self) -> None:
        """Read the journal, and report what the process before this one left. Raises as :meth:`Journal.begin` does."""
        self._journal.begin(time.time_ns() // 1_000_000)
        self.report_again()

    def report_again(self) -> None:
        """Report every result that the gateway may not have: after each new connection."""
        with self._lock:
            unwritten = list(self._unwritten.values())
        for lease in self._journal.unsettled():
            self._say(self._journal.report(lease))
        for report in unwritten:
            self._say(report)

    def offer(self, work: Work) -> None:
        """Take *work*, once; report what becomes of it. Offered again, it is reported again and not run again."""
        try:
            report, life = self._taken(work)
        except PalyraError as error:
            _log.warning("a lease was refused: %s", error.code)
            report, life = failed(work, error, "refused"), None
        self._say(report)
        if life is not None:
            life.begin(self._end)

    def cancel(self, lease: str) -> None:
        """Call *lease* off. What did not begin does not begin; what runs is told, and its result is dropped."""
        with self._lock:
            life = self._lives.get(lease)
        if life is not None:
            life.cancel()

    def cancel_all(self, *, but: Collection[str] = ()) -> None:
        """Call off every lease but *but*: this device was cut off, or stops, or the gateway knows of no others."""
        for lease in self.under_way:
            if lease not in but:
                self.cancel(lease)

    def check_again(self) -> None:
        """Call off what is not granted any more: for when the grants of this device changed."""
        for life in self._all():
            try:
                self._means.check_grant(life.work)
            except DeniedError:
                life.cancel()

    def settled(self, lease: str) -> None:
        """The gateway has the result of *lease*."""
        with self._lock:
            self._unwritten.pop(lease, None)
        self._journal.settle(lease)

    @property
    def under_way(self) -> tuple[str, ...]:
        """The leases that were taken and are not over."""
        with self._lock:
            return tuple(self._lives)

    def close(self, deadline: Deadline) -> None:
        """Take nothing more, call off what runs, and wait for it until *deadline*. What is still running then, the next
        process calls interrupted."""
        with self._lock:
            self._closed = True
        self.cancel_all()
        for life in self._all():
            life.wait(deadline)

    def _all(self) -> list[Life]:
        with self._lock:
            return list(self._lives.values())

    def _taken(self, work: Work) -> tuple[Report, Life | None]:
        deadline = LeaseDeadline(work.left_ms)  # from now on, and not from when the disk is done
        checked_work(work, self._device)
        with self._lock:
            known = self._known(work)
            if known is not None:
                return known, None
            self._admit(work, deadline)
            self._journal.take(work)
            life = self._lives[work.lease] = Life(work, deadline, self._means)
        return reported(work, life.state), life

    def _known(self, work: Work) -> Report | None:
        step = self._journal.step(work)
        if step is None:
            return None
        if step == "over":
            return self._journal.report(work.lease)
        if work.lease in self._unwritten:
            return self._unwritten[work.lease]
        if step == "taken" and work.lease in self._lives:
            return reported(work, self._lives[work.lease].state)
        raise DeniedError("lease_settled", "this lease is over, and the gateway has its result")

    def _admit(self, work: Work, deadline: LeaseDeadline) -> None:
        """Raise unless *work* may be taken: a lease that is refused was never written down."""
        if self._closed:
            raise UnavailableError("closed", "this node is stopping")
        capability = self._means.capabilities.get(work.capability)
        if capability is None:
            raise NotFoundError("capability_unknown", f"this node has no {work.capability}")
        if len(work.input) > capability.max_input_bytes:
            most = capability.max_input_bytes
            raise InvalidInputError("input_too_large", f"{work.capability} takes at most {most:,} bytes")
        self._means.check_grant(work)
        check_time(deadline)
        if len(self._lives) >= self._in_hand:
            raise UnavailableError("busy", f"this node has {self._in_hand} leases in hand")

    def _say(self, report: Report) -> None:
        """A connection that is gone must not end a lease that began: what is final is reported again."""
        try:
            self._report(report)
        except Exception as error:  # noqa: BLE001  # of whatever transport there is
            _log.warning("a report of a lease was not sent: %s", type(error).__name__)

    def _end(self, report: Report) -> None:
        """Nothing is said that would not be said again after a crash: first it is written down."""
        with self._lock:
            try:
                self._journal.finish(report)
            except PalyraError as error:
                _log.error("the end of a lease was not written down: %s", error.code)
                report = interrupted(report.lease, report.holder)
                self._unwritten[report.lease] = report
            finally:
                self._lives.pop(report.lease, None)
        self._say(report)

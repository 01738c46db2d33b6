"""Runs leases on the node: checked, written down, asked about, run once, and kept until the gateway has the result.

Everything that is to be said to the gateway goes through one callable, in order for each lease: ``acknowledged`` when
it is written down, ``awaiting_local`` and ``running``, then one of the final states. ``refused`` stands alone: nothing
was written down, and nothing ran.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Mapping
from threading import Event, RLock, Thread
from typing import Any

import msgspec

from palyra_kernel.contracts.capabilities import Capability, CapabilityCall
from palyra_kernel.device.consent import Consent, deny
from palyra_kernel.device.journal import Journal, interrupted
from palyra_kernel.device.seats import Seats
from palyra_kernel.device.work import MESSAGE_LENGTH, LeaseDeadline, Report, State, Work, checked_work
from palyra_kernel.errors import DeniedError, InvalidInputError, NotFoundError, PalyraError, UnavailableError
from palyra_kernel.values.deadline import Deadline

AT_ONCE = 4
"""Leases that run at the same time. One whose capability does not heed a cancellation holds its seat until its
deadline."""
IN_HAND = 16
"""Leases that are taken: those that run, and those that wait for a seat or for somebody to agree."""

CheckGrant = Callable[[Work], None]
"""Raises :class:`DeniedError` unless the gateway that this device pinned signed that this work may be done."""

_ULID_LENGTH = 26
_log = logging.getLogger(__name__)


class _Running(msgspec.Struct, eq=False):
    work: Work
    call: CapabilityCall
    cancelled: Event
    state: State
    thread: Thread | None = None


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
        self._capabilities = capabilities
        self._device = device
        self._check_grant = check_grant
        self._report = report
        self._consent = consent
        self._seats = Seats(at_once)
        self._in_hand = in_hand
        self._lock = RLock()
        self._running: dict[str, _Running] = {}
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
            report, running = self._taken(work)
        except PalyraError as error:
            _log.warning("a lease was refused: %s", error.code)
            report, running = _ended(work, "refused", error), None
        self._say(report)
        if running is not None:
            self._begin(running)

    def cancel(self, lease: str) -> None:
        """Call *lease* off. What did not begin does not begin; what runs is told, and its result is dropped."""
        with self._lock:
            running = self._running.get(lease)
        if running is not None:
            running.cancelled.set()
            self._seats.look()

    def cancel_all(self, *, but: Collection[str] = ()) -> None:
        """Call off every lease but *but*: this device was cut off, or stops, or the gateway knows of no others."""
        for lease in self.under_way:
            if lease not in but:
                self.cancel(lease)

    def check_again(self) -> None:
        """Call off what is not granted any more: for when the grants of this device changed."""
        with self._lock:
            running = list(self._running.values())
        for each in running:
            try:
                self._check_grant(each.work)
            except DeniedError:
                self.cancel(each.work.lease)

    def settled(self, lease: str) -> None:
        """The gateway has the result of *lease*."""
        with self._lock:
            self._unwritten.pop(lease, None)
        self._journal.settle(lease)

    @property
    def under_way(self) -> tuple[str, ...]:
        """The leases that were taken and are not over."""
        with self._lock:
            return tuple(self._running)

    def close(self, deadline: Deadline) -> None:
        """Take nothing more, call off what runs, and wait for it until *deadline*. What is still running then, the next
        process calls interrupted."""
        with self._lock:
            self._closed = True
            threads = [each.thread for each in self._running.values() if each.thread is not None]
        self.cancel_all()
        for thread in threads:
            thread.join(deadline.remaining())

    def _taken(self, work: Work) -> tuple[Report, _Running | None]:
        deadline = LeaseDeadline(work.left_ms)  # from now on, and not from when the disk is done
        checked_work(work, self._device)
        with self._lock:
            known = self._known(work)
            if known is not None:
                return known, None
            self._admit(work, deadline)
            self._journal.take(work)
            cancelled = Event()
            running = _Running(work, CapabilityCall(deadline, cancelled), cancelled, "acknowledged")
            self._running[work.lease] = running
        return _reported(work, "acknowledged"), running

    def _known(self, work: Work) -> Report | None:
        step = self._journal.step(work)
        if step is None:
            return None
        if step == "over":
            return self._journal.report(work.lease)
        if work.lease in self._unwritten:
            return self._unwritten[work.lease]
        if step == "taken" and work.lease in self._running:
            return _reported(work, self._running[work.lease].state)
        raise DeniedError("lease_settled", "this lease is over, and the gateway has its result")

    def _admit(self, work: Work, deadline: LeaseDeadline) -> None:
        """Raise unless *work* may be taken: a lease that is refused was never written down."""
        if self._closed:
            raise UnavailableError("closed", "this node is stopping")
        capability = self._capabilities.get(work.capability)
        if capability is None:
            raise NotFoundError("capability_unknown", f"this node has no {work.capability}")
        if len(work.input) > capability.max_input_bytes:
            most = capability.max_input_bytes
            raise InvalidInputError("input_too_large", f"{work.capability} takes at most {most:,} bytes")
        self._check_grant(work)
        if not deadline.may_begin():
            raise UnavailableError("deadline", "the deadline of the lease has passed")
        if len(self._running) >= self._in_hand:
            raise UnavailableError("busy", f"this node has {self._in_hand} leases in hand")

    def _begin(self, running: _Running) -> None:
        name = f"palyra-lease-{running.work.lease}"
        thread = Thread(target=self._live, args=(running,), name=name, daemon=True)
        try:
            thread.start()
        except RuntimeError:  # out of threads
            error = UnavailableError("no_thread", "the operating system gave no thread")
            self._end(running, _ended(running.work, "failed", error))
        else:
            running.thread = thread

    def _live(self, running: _Running) -> None:
        """The whole life of a lease, in a thread of its own: whatever happens, it ends."""
        work = running.work
        try:
            report = self._outcome(running)
        except PalyraError as error:
            report = _ended(work, _state_of(error, running.call), error)
        except BaseException as error:  # noqa: BLE001  # ours: what authors raise ends in the guard
            _log.error("a lease failed: %s", type(error).__name__)
            report = _ended(work, "failed", PalyraError("internal", "the node failed"))
        self._end(running, report)

    def _outcome(self, running: _Running) -> Report:
        work, call = running.work, running.call
        capability = self._capabilities[work.capability]
        reason = capability.available()
        if reason is not None:
            raise UnavailableError("capability_unavailable", reason)
        if capability.sensitivity != "plain":
            self._tell(running, "awaiting_local")
            if self._consent(work, call) is not True:
                call.check(work.capability)
                raise DeniedError("consent_denied", "nobody at this machine agreed")
        self._seats.take(call, work.capability)
        try:
            return self._run(running, capability)
        finally:
            self._seats.leave()

    def _run(self, running: _Running, capability: Capability) -> Report:
        """Time has passed since the lease was taken: what let it in is looked at once more, and then it runs."""
        work, call = running.work, running.call
        self._check_grant(work)
        call.check(work.capability)
        if not call.deadline.may_begin():
            raise UnavailableError("deadline", "the deadline of the lease has passed")
        self._tell(running, "running")
        output = capability.run(work.input, call)
        call.check(work.capability)
        return _reported(work, "succeeded", output=output)

    def _tell(self, running: _Running, state: State) -> None:
        running.state = state
        self._say(_reported(running.work, state))

    def _say(self, report: Report) -> None:
        """A connection that is gone must not end a lease that began: what is final is reported again."""
        try:
            self._report(report)
        except Exception as error:  # noqa: BLE001  # of whatever transport there is
            _log.warning("a report of a lease was not sent: %s", type(error).__name__)

    def _end(self, running: _Running, report: Report) -> None:
        """Nothing is said that would not be said again after a crash: first it is written down."""
        with self._lock:
            try:
                self._journal.finish(report)
            except PalyraError as error:
                _log.error("the end of a lease was not written down: %s", error.code)
                report = interrupted(report.lease, report.holder)
                self._unwritten[report.lease] = report
            finally:
                self._running.pop(report.lease, None)
        self._say(report)


def _state_of(error: PalyraError, call: CapabilityCall) -> State:
    if call.cancelled:
        return "cancelled"
    return "expired" if call.deadline.expired or error.code == "deadline" else "failed"


def _reported(work: Work, state: State, **facts: Any) -> Report:
    return Report(lease=work.lease[:_ULID_LENGTH], state=state, holder=work.holder, **facts)


def _ended(work: Work, state: State, error: PalyraError) -> Report:
    return _reported(work, state, code=error.code, message=error.message[:MESSAGE_LENGTH])

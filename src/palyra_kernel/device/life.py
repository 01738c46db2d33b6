"""One lease that a node took, from then until it is over: in a thread of its own, and ended whatever happens."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from threading import Event, Thread
from typing import Any

import msgspec

from palyra_kernel.contracts.capabilities import Capability, CapabilityCall
from palyra_kernel.device.consent import Consent
from palyra_kernel.device.seats import Seats
from palyra_kernel.device.work import MESSAGE_LENGTH, LeaseDeadline, Report, State, Work
from palyra_kernel.errors import DeniedError, PalyraError, UnavailableError
from palyra_kernel.values.deadline import Deadline

CheckGrant = Callable[[Work], None]
"""Raises :class:`DeniedError` unless the gateway that this device pinned signed that this work may be done."""

_ULID_LENGTH = 26
_log = logging.getLogger(__name__)


class Means(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What all leases of a node share. ``say`` tells the gateway and never raises."""

    capabilities: Mapping[str, Capability]
    check_grant: CheckGrant
    consent: Consent
    seats: Seats
    say: Callable[[Report], None]


class Life:
    """*work*, taken, with the time until *deadline*."""

    def __init__(self, work: Work, deadline: LeaseDeadline, means: Means) -> None:
        self.work = work
        self.state: State = "acknowledged"
        self._means = means
        self._cancelled = Event()
        self._call = CapabilityCall(deadline, self._cancelled)
        self._thread: Thread | None = None

    def begin(self, ended: Callable[[Report], None]) -> None:
        """Live, and call *ended* once with the last report."""
        name = f"palyra-lease-{self.work.lease}"
        thread = Thread(target=lambda: ended(self._lived()), name=name, daemon=True)
        try:
            thread.start()
        except RuntimeError:  # out of threads
            ended(failed(self.work, UnavailableError("no_thread", "the operating system gave no thread")))
        else:
            self._thread = thread

    def cancel(self) -> None:
        """Call it off. What did not begin does not begin; what runs is told, and its result is dropped."""
        self._cancelled.set()
        self._means.seats.look()

    def wait(self, deadline: Deadline) -> None:
        """Until it is over, or *deadline*."""
        if self._thread is not None:
            self._thread.join(deadline.remaining())

    def _lived(self) -> Report:
        try:
            return self._outcome()
        except PalyraError as error:
            return failed(self.work, error, self._state_of(error))
        except BaseException as error:  # noqa: BLE001  # ours: what authors raise ends in the guard
            _log.error("a lease failed: %s", type(error).__name__)
            return failed(self.work, PalyraError("internal", "the node failed"))

    def _outcome(self) -> Report:
        work, call = self.work, self._call
        capability = self._means.capabilities[work.capability]
        reason = capability.available()
        if reason is not None:
            raise UnavailableError("capability_unavailable", reason)
        if capability.sensitivity != "plain":
            self._tell("awaiting_local")
            if self._means.consent(work, call) is not True:
                call.check(work.capability)
                raise DeniedError("consent_denied", "nobody at this machine agreed")
        self._means.seats.take(call, work.capability)
        try:
            return self._run(capability)
        finally:
            self._means.seats.leave()

    def _run(self, capability: Capability) -> Report:
        """Time has passed since the lease was taken: what let it in is looked at once more, and then it runs."""
        work, call = self.work, self._call
        self._means.check_grant(work)
        call.check(work.capability)
        check_time(call.deadline)
        self._tell("running")
        output = capability.run(work.input, call)
        call.check(work.capability)
        return reported(work, "succeeded", output=output)

    def _tell(self, state: State) -> None:
        self.state = state
        self._means.say(reported(self.work, state))

    def _state_of(self, error: PalyraError) -> State:
        if self._call.cancelled:
            return "cancelled"
        return "expired" if self._call.deadline.expired or error.code == "deadline" else "failed"


def check_time(deadline: Deadline) -> None:
    """Raise :class:`UnavailableError` ``deadline`` where nothing may begin any more."""
    if not deadline.may_begin():
        raise UnavailableError("deadline", "the deadline of the lease has passed")


def reported(work: Work, state: State, **facts: Any) -> Report:
    """The report that *work* is in *state*."""
    return Report(lease=work.lease[:_ULID_LENGTH], state=state, holder=work.holder, **facts)


def failed(work: Work, error: PalyraError, state: State = "failed") -> Report:
    """The report that *error* ended *work*."""
    return reported(work, state, code=error.code, message=error.message[:MESSAGE_LENGTH])

"""Single flight: who wants what is being asked for already waits for that answer."""

from __future__ import annotations

import threading
from collections.abc import Collection
from typing import NamedTuple

from palyra_kernel.resolve.outcome import Answer
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.secret_ref import SecretRef
from palyra_kernel.values.sensitive import SensitiveBytes


class Flight:
    """One reference on its way, until *until*; ``called`` once its source really is. Its answer is shared: who wants to
    keep it copies it, then leaves."""

    __slots__ = ("answer", "called", "landed", "until", "waiting")

    def __init__(self, until: Deadline) -> None:
        self.landed = threading.Event()
        self.waiting = 0
        self.called = False
        self.answer: Answer | None = None
        self.until = until


class Boarded(NamedTuple):
    """Everybody waits for ``flights``, and leaves each; ``mine`` are those that the caller has to land."""

    mine: dict[SecretRef, Flight]
    flights: dict[SecretRef, Flight]


class Flights:
    """What is on its way now."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flights: dict[SecretRef, Flight] = {}

    def board(self, refs: Collection[SecretRef], deadline: Deadline) -> Boarded:
        """Divide *refs* into those to ask for and those that somebody asks for already. One that should have landed
        before now is given up: a call that hangs for ever must not hold up those to come."""
        boarded = Boarded({}, {})
        with self._lock:
            for ref in refs:
                flight = self._flights.get(ref)
                if flight is None or flight.until.expired:
                    flight = self._flights[ref] = Flight(deadline)
                    boarded.mine[ref] = flight
                flight.waiting += 1
                boarded.flights[ref] = flight
        return boarded

    def land(self, ref: SecretRef, flight: Flight, answer: Answer) -> None:
        """Hand over the answer; the first counts. A value that nobody waits for any more is wiped."""
        with self._lock:
            if self._flights.get(ref) is flight:
                del self._flights[ref]
            if not flight.landed.is_set() and flight.waiting:
                flight.answer = answer
            else:
                _wipe(answer)
            flight.landed.set()

    def leave(self, flight: Flight) -> None:
        """The caller needs the answer no longer; the last one wipes it."""
        with self._lock:
            flight.waiting -= 1
            if not flight.waiting:
                _wipe(flight.answer)
                flight.answer = None


def _wipe(answer: Answer | None) -> None:
    if isinstance(answer, SensitiveBytes):
        answer.wipe()

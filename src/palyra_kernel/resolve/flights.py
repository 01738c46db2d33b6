"""Single flight: who wants what is being asked for already waits for that answer.

An answer that has landed is not at once where the next caller looks for it: whoever asked has yet to store it. So it
stays, until all have left that may have looked before it was stored.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from types import TracebackType
from typing import NamedTuple, Self

from palyra_kernel.contracts.sources import SecretError
from palyra_kernel.resolve.outcome import Answer
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.secret_ref import SecretRef
from palyra_kernel.values.sensitive import SensitiveBytes


class Flight:
    """One reference on its way, until *until*; ``called`` once its source really is. Its answer is shared: who wants to
    keep it copies it.

    It is ``listed`` as long as others may board; ``landed_at`` and ``left_at``, by the last one, are moments.
    """

    __slots__ = ("answer", "called", "landed", "landed_at", "left_at", "listed", "ref", "until", "waiting")

    def __init__(self, ref: SecretRef, until: Deadline) -> None:
        self.ref = ref
        self.until = until
        self.landed = threading.Event()
        self.waiting = 0
        self.called = False
        self.listed = True
        self.answer: Answer | None = None
        self.landed_at = self.left_at = 0

    def serves(self, trip: Trip, since: int) -> bool:
        """Whether somebody on *trip* may board, for whom an answer counts that landed after *since*.

        What should have landed before now is given up: a call that hangs for ever must not hold up those to come. A
        failure is for those who were there when it landed, and what came too late for somebody else is for nobody.
        """
        if not self.landed.is_set():
            return not self.until.expired
        if isinstance(self.answer, SecretError):
            return self.landed_at > trip.began and self.answer.kind != "timeout"
        return self.landed_at > since


class Boarded(NamedTuple):
    """Everybody waits for ``flights``; ``mine`` are those that the caller has to land."""

    mine: dict[SecretRef, Flight]
    flights: dict[SecretRef, Flight]


class Trip:
    """One caller, in a ``with`` block: from before it looks for what is stored until it has stored what it read.

    What it boarded is there until then, and wiped when all have left.
    """

    def __init__(self, flights: Flights) -> None:
        self._flights = flights
        self.began = 0
        self.boarded: list[Flight] = []

    def begin(self) -> int:
        """Begin, now: the moment. A caller that finds all it needs never does."""
        self._flights.begin(self)
        return self.began

    def board(self, refs: Mapping[SecretRef, int], deadline: Deadline) -> Boarded:
        """As :meth:`Flights.board`."""
        return self._flights.board(self, refs, deadline)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.began:
            self._flights.end(self)


class Flights:
    """What is on its way now, or has landed only just. A moment is a number, higher than that of all before."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flights: dict[SecretRef, Flight] = {}
        self._trips: dict[Trip, None] = {}  # in the order in which they began
        self._left: dict[Flight, None] = {}  # those of them that all have left, in that order
        self._moment = 0

    def begin(self, trip: Trip) -> None:
        """Let *trip* begin now."""
        with self._lock:
            trip.began = self._now()
            self._trips[trip] = None

    def end(self, trip: Trip) -> None:
        """The caller needs its answers no longer."""
        with self._lock:
            self._trips.pop(trip, None)
            for flight in trip.boarded:
                flight.waiting -= 1
                self._release(flight)
            self._sweep()

    def board(self, trip: Trip, refs: Mapping[SecretRef, int], deadline: Deadline) -> Boarded:
        """Divide *refs*, each with the moment after which an answer has to land to count, into those to ask for and
        those that somebody asks for, or has asked for, already."""
        boarded = Boarded({}, {})
        with self._lock:
            for ref, since in refs.items():
                flight = self._flights.get(ref)
                if flight is None or not flight.serves(trip, since):
                    if flight is not None:
                        self._forget(flight)
                    flight = self._flights[ref] = boarded.mine[ref] = Flight(ref, deadline)
                else:
                    self._left.pop(flight, None)
                flight.waiting += 1
                trip.boarded.append(flight)
                boarded.flights[ref] = flight
        return boarded

    def land(self, flight: Flight, answer: Answer) -> None:
        """Hand over the answer; the first counts. A value that nobody wants any more is wiped."""
        with self._lock:
            if flight.landed.is_set():
                _wipe(answer)
                return
            flight.answer, flight.landed_at = answer, self._now()
            flight.landed.set()
            self._release(flight)
            self._sweep()

    def forget(self) -> None:
        """Let nobody board any more what was asked for until now; who waits for it goes on waiting."""
        with self._lock:
            for flight in list(self._flights.values()):
                self._forget(flight)

    def _now(self) -> int:
        self._moment += 1
        return self._moment

    def _release(self, flight: Flight) -> None:
        """Let *flight* go if all have left, but not before all have who may still come."""
        if flight.waiting or not flight.landed.is_set():
            return
        flight.left_at = self._now()
        if flight.listed:
            self._left[flight] = None
        else:
            _wipe(flight.answer)

    def _sweep(self) -> None:
        """Forget what was left before the oldest trip began."""
        oldest = next(iter(self._trips)).began if self._trips else self._moment + 1
        while self._left and (flight := next(iter(self._left))).left_at < oldest:
            self._forget(flight)

    def _forget(self, flight: Flight) -> None:
        """Let nobody board *flight* any more."""
        del self._flights[flight.ref]
        self._left.pop(flight, None)
        flight.listed = False
        if not flight.waiting:
            _wipe(flight.answer)


def _wipe(answer: Answer | None) -> None:
    if isinstance(answer, SensitiveBytes):
        answer.wipe()

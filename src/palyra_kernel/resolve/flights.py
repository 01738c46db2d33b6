"""Single flight: who wants what is being asked for already waits for that answer."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping

from palyra_kernel.contracts.sources import SecretError
from palyra_kernel.resolve.outcome import Answer
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.secret_ref import SecretRef
from palyra_kernel.values.sensitive import SensitiveBytes


class Flight:
    """One reference on its way."""

    __slots__ = ("answer", "landed", "waiting")

    def __init__(self) -> None:
        self.landed = threading.Event()
        self.waiting = 0
        self.answer: Answer | None = None


class Flights:
    """What is on its way now."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flights: dict[SecretRef, Flight] = {}

    def __len__(self) -> int:
        return len(self._flights)

    def board(self, refs: Collection[SecretRef]) -> tuple[list[SecretRef], dict[SecretRef, Flight]]:
        """Divide *refs* into those that the caller asks for, and lands, and those to wait for."""
        mine, others = [], {}
        with self._lock:
            for ref in refs:
                flight = self._flights.get(ref)
                if flight is None:
                    self._flights[ref] = Flight()
                    mine.append(ref)
                else:
                    flight.waiting += 1
                    others[ref] = flight
        return mine, others

    def land(self, refs: Iterable[SecretRef], answers: Mapping[SecretRef, Answer]) -> None:
        """Give the answers to whoever waits. A reference without one was given up: its caller was interrupted."""
        with self._lock:
            for ref in refs:
                flight = self._flights.pop(ref)
                if flight.waiting:
                    flight.answer = _copy(answers.get(ref, _given_up()))
                flight.landed.set()

    def wait(self, flight: Flight, deadline: Deadline) -> Answer:
        """The answer of *flight*, as a buffer of the caller's own."""
        landed = flight.landed.wait(deadline.remaining())
        with self._lock:
            flight.waiting -= 1
            answer = flight.answer
            if answer is None or not landed:
                return _given_up()
            copy = _copy(answer)
            if flight.waiting == 0 and isinstance(answer, SensitiveBytes):
                answer.wipe()
            return copy


def _copy(answer: Answer) -> Answer:
    return SensitiveBytes(answer.view()) if isinstance(answer, SensitiveBytes) else answer


def _given_up() -> SecretError:
    return SecretError(
        kind="timeout",
        code="deadline",
        message="another caller asked for the same reference, and had no answer in time",
        hint="try again",
    )

"""One refresh of a profile at a time in this process, whoever wants it and however long they wait."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from palyra_kernel.errors import PalyraError, UnavailableError
from palyra_kernel.values.deadline import Deadline

T = TypeVar("T")


class _Flight(Generic[T]):
    __slots__ = ("error", "landed", "result")

    def __init__(self) -> None:
        self.landed = threading.Event()
        self.result: T | None = None
        self.error: PalyraError | None = None


class Flights(Generic[T]):
    """Runs work under a name in a thread of its own. Who asks for a name that is under way waits for that: nobody's
    deadline or interrupt cuts off a call whose answer is a token."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flights: dict[str, _Flight[T]] = {}

    def join(self, name: str, work: Callable[[], T], deadline: Deadline) -> T:
        """What *work* comes to, or what the work under way for *name* does. Raises its error, and
        :class:`UnavailableError` ``deadline`` where it takes longer than *deadline*; it goes on then."""
        flight = self.begin(name, work)
        if not flight.landed.wait(deadline.remaining()):
            raise UnavailableError(
                "deadline", f"the refresh of {name} takes longer", hint="try again in a moment"
            )
        if flight.error is not None:
            raise type(flight.error)(flight.error.code, flight.error.message, hint=flight.error.hint)
        assert flight.result is not None  # noqa: S101  # it landed
        return flight.result

    def begin(self, name: str, work: Callable[[], T]) -> _Flight[T]:
        """Start *work* unless something is under way for *name*; do not wait."""
        with self._lock:
            flight = self._flights.get(name)
            if flight is not None:
                return flight
            flight = self._flights[name] = _Flight[T]()
        try:
            threading.Thread(
                target=self._fly, args=(name, flight, work), name="palyra-refresh", daemon=True
            ).start()
        except RuntimeError:  # out of threads, or the interpreter is going down
            self._fly(name, flight, work)
        return flight

    def _fly(self, name: str, flight: _Flight[T], work: Callable[[], T]) -> None:
        try:
            flight.result = work()
        except PalyraError as error:
            flight.error = error
        except BaseException as error:  # a thread has nobody above it to tell; those who wait are told
            flight.error = PalyraError("internal", f"the refresh of {name} failed ({type(error).__name__})")
            raise
        finally:
            with self._lock:
                del self._flights[name]
            flight.landed.set()

    def settle(self, deadline: Deadline) -> None:
        """Wait for everything that is under way, until *deadline*."""
        with self._lock:
            flights = list(self._flights.values())
        for flight in flights:
            flight.landed.wait(deadline.remaining())

"""Calls that may hang run in daemon threads that can be abandoned; too many abandoned ones open the circuit."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from palyra_kernel.errors import UnavailableError
from palyra_kernel.values.deadline import Deadline

STUCK_LIMIT = 4
"""How many abandoned calls of one plugin may hang before no new one is started."""

T = TypeVar("T")


class PluginThreads:
    """The blocking calls of one plugin.

    A thread cannot be killed, so an abandoned call keeps running until the author's code returns; what it returns
    then is dropped. At :data:`STUCK_LIMIT` such threads the circuit is open: calls fail at once instead of adding
    more. It closes as soon as one of them comes back.
    """

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._lock = threading.Lock()
        self._stuck = 0

    @property
    def stuck(self) -> int:
        """How many abandoned calls have not come back."""
        return self._stuck

    def run(self, work: Callable[[], T], deadline: Deadline, doing: str) -> T:
        """Return what *work* returns, or raise what it raises.

        Raises :class:`UnavailableError` ``deadline`` when it did not finish in time, ``circuit_open`` when too
        many earlier calls hang, and ``no_thread`` when the operating system gives us no thread.
        """
        deadline.check(doing)
        if self._stuck >= STUCK_LIMIT:
            raise UnavailableError(
                "circuit_open",
                f"{self._owner} is not called: {self._stuck} earlier calls never came back",
                hint="repair what it talks to; calls start again when one of them returns",
            )
        call = _Call(work, self._came_back)
        _start(call, doing)
        try:
            finished = call.finished.wait(min(deadline.remaining(), threading.TIMEOUT_MAX))
        except BaseException:
            self._abandon(call)
            raise
        if not finished and self._abandon(call):
            raise UnavailableError(
                "deadline",
                f"{doing} did not finish in time",
                hint="see whether what the plugin talks to answers",
            )
        return call.result()

    def _abandon(self, call: _Call[T]) -> bool:
        """Give *call* up; False if it finished first, so that its result counts."""
        with self._lock:
            if call.finished.is_set():
                return False
            call.abandoned = True
            self._stuck += 1
            return True

    def _came_back(self, call: _Call[T]) -> None:
        with self._lock:
            call.finished.set()
            if call.abandoned:
                self._stuck -= 1
                call.drop()


class _Call(Generic[T]):
    """One call, its outcome, and whether somebody still waits for it."""

    def __init__(self, work: Callable[[], T], came_back: Callable[[_Call[T]], None]) -> None:
        self.finished = threading.Event()
        self.abandoned = False
        self._work = work
        self._came_back = came_back
        self._values: list[T] = []
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            self._values.append(self._work())
        except BaseException as error:  # noqa: BLE001  # whoever waits raises it; threading would print it
            self._error = error
        finally:
            self._came_back(self)

    def result(self) -> T:
        if self._error is None:
            return self._values.pop()
        error, self._error = self._error, None
        try:
            raise error
        finally:
            del error  # its traceback refers to this frame

    def drop(self) -> None:
        """Forget an outcome that nobody waits for; a secret in it is wiped when it is collected."""
        self._values.clear()
        self._error = None


def _start(call: _Call[T], doing: str) -> None:
    try:
        threading.Thread(target=call.run, name="palyra-plugin", daemon=True).start()
    except RuntimeError:  # out of threads, or the interpreter is going down
        failure = UnavailableError("no_thread", f"{doing}: the operating system gave no thread")
    else:
        return
    raise failure

"""Threads that do something at once, and calls that come back when they may."""

from __future__ import annotations

import threading

PATIENCE = 30
"""Seconds: nothing takes that long unless it hangs."""


def held(asked, go):
    """A call that says that it was made, and comes back when it may."""

    def before(_):
        asked.set()
        go.wait(PATIENCE)

    return before


class Gate:
    """A function whose first call stops until the gate is opened; all others go through."""

    def __init__(self, function):
        self._function = function
        self._first = threading.Lock()
        self._reached, self._open = threading.Event(), threading.Event()

    def __call__(self, *given):
        if self._first.acquire(blocking=False):
            self._reached.set()
            assert self._open.wait(PATIENCE)
        return self._function(*given)

    def wait(self):
        """Until somebody stands before the gate."""
        assert self._reached.wait(PATIENCE)

    def open(self):
        self._open.set()


class Started:
    """Work that a thread has begun."""

    def __init__(self, work):
        self._work = work
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def answer(self):
        """What it came to, or the error that it raised."""
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        return self._answer

    def _run(self):
        try:
            self._answer = self._work()
        except BaseException as error:  # noqa: BLE001  # the test judges it
            self._answer = error


def together(count, work):
    """What *count* threads got that did *work* at once."""
    gate, got, lock = threading.Barrier(count), [], threading.Lock()

    def run():
        gate.wait(PATIENCE)
        try:
            answer = work()
        except BaseException as error:  # noqa: BLE001  # the test judges it
            answer = error
        with lock:
            got.append(answer)

    threads = [threading.Thread(target=run, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(got) == count
    return got

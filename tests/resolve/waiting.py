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

"""Runs work in threads that start at once, and notices when it hangs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic
from typing import TypeVar

T = TypeVar("T")


def together(count: int, work: Callable[[int], T], *, seconds: float = 60.0) -> list[T]:
    """Return ``[work(0), ..., work(count - 1)]``, computed in threads that start at once.

    Raises the first error of a thread, and ``AssertionError`` if one is not done after *seconds*. A thread
    that hangs is a daemon: it does not keep the test run alive.
    """
    barrier = threading.Barrier(count)
    results: dict[int, T] = {}
    errors: list[BaseException] = []

    def run(number: int) -> None:
        try:
            barrier.wait()
            results[number] = work(number)
        except BaseException as error:  # noqa: BLE001  # it is raised again below, in the test's own thread
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    end = monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, end - monotonic()))
    if errors:
        raise errors[0]
    if len(results) != count:
        raise AssertionError(f"{count - len(results)} of {count} calls did not return within {seconds} s")
    return [results[number] for number in range(count)]

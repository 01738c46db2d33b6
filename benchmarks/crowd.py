"""Several processes do the same work at the same time."""

from __future__ import annotations

import multiprocessing
import traceback
from collections.abc import Callable
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from typing import Any

_spawn = multiprocessing.get_context("spawn")
_SECONDS = 1800.0
"""Until a crowd counts as hanging."""


def crowd(work: Callable[..., Any], count: int, *arguments: object) -> list[Any]:
    """Run ``work(number, ready, *arguments)`` in *count* processes; return what they return, in no order.

    *work* prepares, calls ``ready()``, which waits for all the others, and then does what the trial is about.
    """
    barrier, results = _spawn.Barrier(count), _spawn.Queue()
    started = [
        _spawn.Process(target=_one, args=(work, number, barrier, results, arguments), daemon=True)
        for number in range(count)
    ]
    for process in started:
        process.start()
    answers = [results.get(timeout=_SECONDS) for _ in started]
    for process in started:
        process.join()
    for failed, answer in answers:
        if failed:
            raise RuntimeError(answer)
    return [answer for _, answer in answers]


def _one(
    work: Callable[..., Any],
    number: int,
    barrier: Barrier,
    results: Queue[tuple[bool, Any]],
    arguments: tuple[object, ...],
) -> None:
    try:
        results.put((False, work(number, barrier.wait, *arguments)))
    except Exception:  # noqa: BLE001  # told to the parent, which raises it
        barrier.abort()  # or the others would wait for ever
        results.put((True, traceback.format_exc()))

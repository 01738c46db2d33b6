"""How two things are measured beside each other."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from time import perf_counter
from typing import NamedTuple


class Pair(NamedTuple):
    """Two actions to compare; each is called with a running number."""

    name: str
    ours: Callable[[int], object]
    peer_name: str
    peer: Callable[[int], object]
    calls: int
    """Calls of each in one round."""


def measure(pair: Pair, rounds: int = 7) -> tuple[float, float]:
    """Seconds a call, ours and the peer's: the medians of *rounds* rounds, taken in turn after one warm-up."""
    times: tuple[list[float], list[float]] = ([], [])
    for round_ in range(rounds + 1):
        for kept, action in zip(times, (pair.ours, pair.peer), strict=True):
            start = perf_counter()
            for number in range(pair.calls):
                action(round_ * pair.calls + number)
            if round_:
                kept.append((perf_counter() - start) / pair.calls)
    return statistics.median(times[0]), statistics.median(times[1])

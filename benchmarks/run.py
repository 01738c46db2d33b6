"""Measure ours beside a peer or a floor, in turn, in one run, and print the ratio.

``python3 dev.py bench [NAME]``; without NAME, all. Machines differ and drift: only the ratio carries over. A benchmark
judges nothing and is never a test.
"""

from __future__ import annotations

import importlib
import statistics
import sys
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import NamedTuple

NAMES = ("vault", "start")


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


def main(names: list[str]) -> int:
    """Run the benchmarks called *names*, or all."""
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        print(f"no benchmark {unknown[0]!r}; there are: {', '.join(NAMES)}", file=sys.stderr)
        return 2
    print(f"{'what':<34}{'ours':>12}{'beside':>12}{'ratio':>8}  beside is")
    for name in names or NAMES:
        module = importlib.import_module(name)
        pairs: Iterator[Pair] = module.pairs()
        for pair in pairs:
            ours, peer = measure(pair)
            print(f"{pair.name:<34}{_time(ours):>12}{_time(peer):>12}{ours / peer:>8.2f}  {pair.peer_name}")
    return 0


def _time(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms" if seconds >= 0.001 else f"{seconds * 1_000_000:.1f} µs"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

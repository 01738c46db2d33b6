"""Measure ours beside a peer or a floor, in turn, in one run, and print the ratio.

``python3 dev.py bench [NAME]``; without NAME, all. Machines differ and drift: only the ratio carries over. A benchmark
judges nothing and is never a test.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator

from benchmarks.measure import Pair, measure

NAMES = ("vault", "start")


def main(names: list[str]) -> int:
    """Run the benchmarks called *names*, or all."""
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        print(f"no benchmark {unknown[0]!r}; there are: {', '.join(NAMES)}", file=sys.stderr)
        return 2
    print(f"{'what':<34}{'ours':>12}{'beside':>12}{'ratio':>8}  beside is")
    for name in names or NAMES:
        module = importlib.import_module(f"benchmarks.{name}")
        pairs: Iterator[Pair] = module.pairs()
        for pair in pairs:
            ours, peer = measure(pair)
            print(f"{pair.name:<34}{_time(ours):>12}{_time(peer):>12}{ours / peer:>8.2f}  {pair.peer_name}")
    return 0


def _time(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms" if seconds >= 0.001 else f"{seconds * 1_000_000:.1f} µs"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

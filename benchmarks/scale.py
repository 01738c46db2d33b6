"""How much a run measures: all of it, or just enough to see that it runs."""

from __future__ import annotations

from typing import NamedTuple


class Scale(NamedTuple):
    """Sizes and counts of one run."""

    sizes: tuple[int, ...] = (10, 1_000, 10_000, 200_000)
    """Secrets in a store."""
    rounds: int = 7
    divisor: int = 1
    """Calls of a round are divided by it."""
    racers: tuple[int, ...] = (2, 16)
    race_writes: int = 200
    """Writes of all racers together."""
    crash_rounds: int = 60
    writers: int = 16
    writes: int = 200
    """Writes of each writer."""
    on_disk: int = 1_000
    """Secrets whose files are weighed."""

    def calls(self, number: int) -> int:
        """Calls of one round, at least one."""
        return max(1, number // self.divisor)


FULL = Scale()
QUICK = Scale(
    sizes=(10,),
    rounds=1,
    divisor=100,
    racers=(2,),
    race_writes=10,
    crash_rounds=1,
    writers=2,
    writes=5,
    on_disk=20,
)

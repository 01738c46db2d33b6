"""A clock that the test moves, for several processes at once."""

from __future__ import annotations

import mmap
import time

from palyra_kernel.auth.clock import Clock


class MovingTime:
    """Starts now. Made before the processes are forked, it is one for all of them; what waits, waits in real time."""

    def __init__(self) -> None:
        self._cell = memoryview(mmap.mmap(-1, 8)).cast("Q")
        self._cell[0] = time.time_ns() // 1_000_000

    def now_ms(self) -> int:
        return self._cell[0]

    def move(self, seconds: float) -> None:
        """On, never back."""
        self._cell[0] += int(seconds * 1000)

    def clock(self) -> Clock:
        return Clock(now_ms=self.now_ms)

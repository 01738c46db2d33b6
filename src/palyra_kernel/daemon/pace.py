"""How often one source may connect or ask: a token bucket for each, in memory."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

_MOST = 4096


class Pace:
    """*burst* at once, and one more every *seconds*. Of more than 4,096 sources the one that asked longest ago is
    forgotten: nobody's quota is used up by others."""

    def __init__(
        self, burst: int = 20, seconds: float = 1.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._burst = burst
        self._seconds = seconds
        self._clock = clock
        self._lock = Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, source: str) -> bool:
        """Whether *source* may ask now."""
        now = self._clock()
        with self._lock:
            left, since = self._buckets.pop(source, (float(self._burst), now))
            left = min(self._burst, left + (now - since) / self._seconds)
            allowed = left >= 1
            self._buckets[source] = (left - 1 if allowed else left, now)
            if len(self._buckets) > _MOST:
                self._buckets.popitem(last=False)
        return allowed

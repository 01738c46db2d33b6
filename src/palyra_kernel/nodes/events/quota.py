"""How much a device may say: a bucket of tokens for each, in memory. A device that floods is refused, and counted."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from time import monotonic

import msgspec

BURST = 200
PER_SECOND = 20.0
MOST_DEVICES = 100_000
"""That are remembered. One that was not heard of for ten seconds has a full bucket anyway."""


class _Bucket(msgspec.Struct, eq=False):
    left: float
    at: float
    refused: int = 0


class Quota:
    """Any number of threads may ask."""

    def __init__(
        self,
        *,
        burst: int = BURST,
        per_second: float = PER_SECOND,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._burst = burst
        self._per_second = per_second
        self._clock = clock
        self._lock = Lock()
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self.refused = 0
        """Events of all devices that this process refused."""

    def take(self, device: str, count: int) -> float:
        """Take *count* tokens of *device* and return 0; or take none, and return the seconds until they are there."""
        with self._lock:
            bucket = self._bucket(device)
            if count <= bucket.left:
                bucket.left -= count
                return 0.0
            bucket.refused += count
            self.refused += count
            return (count - bucket.left) / self._per_second

    def refused_of(self, device: str) -> int:
        """How many events of *device* this process refused since it last forgot about it."""
        with self._lock:
            bucket = self._buckets.get(device)
            return 0 if bucket is None else bucket.refused

    def _bucket(self, device: str) -> _Bucket:
        now = self._clock()
        bucket = self._buckets.get(device)
        if bucket is None:
            bucket = self._buckets[device] = _Bucket(float(self._burst), now)
            if len(self._buckets) > MOST_DEVICES:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(device)
        bucket.left = min(float(self._burst), bucket.left + max(0.0, now - bucket.at) * self._per_second)
        bucket.at = now
        return bucket

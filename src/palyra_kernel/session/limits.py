"""How often one principal may do one thing: a token bucket for each, in the memory of this process."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from threading import Lock
from typing import NamedTuple

from palyra_kernel.errors import UnavailableError
from palyra_kernel.values.principals import Principal

_MOST = 4096


class Limit(NamedTuple):
    """``burst`` acts at once; ``per_minute`` come back."""

    burst: int
    per_minute: float


class Limits:
    """Token buckets by principal and verb.

    A verb without a limit of its own has *default*, which is not for users of the operating system: they run what
    they like on their own machine. At most 4,096 buckets are kept; the one that was asked longest ago goes first, and a
    bucket that was forgotten is full.
    """

    def __init__(
        self, limits: Mapping[str, Limit], default: Limit, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limits = limits
        self._default = default
        self._clock = clock
        self._lock = Lock()
        self._buckets: OrderedDict[tuple[Principal, str], tuple[float, float]] = OrderedDict()

    def change(self, limits: Mapping[str, Limit], default: Limit) -> None:
        """Let others hold from now on. Who used up the old ones has what the new ones give back."""
        with self._lock:
            self._limits, self._default = limits, default

    def take(self, principal: Principal, verb: str, count: int = 1) -> None:
        """Take *count* tokens, or raise :class:`UnavailableError` ``rate_limited`` and take none."""
        limit = self._limits.get(verb)
        if limit is None:
            if principal.kind == "user":
                return
            limit = self._default
        with self._lock:
            missing = self._missing((principal, verb), limit, min(count, limit.burst))
        if missing > 0:
            raise UnavailableError(
                "rate_limited",
                f"{principal} asked for {verb} too often",
                hint=f"try again in {missing / limit.per_minute * 60:.1f} seconds",
            )

    def _missing(self, key: tuple[Principal, str], limit: Limit, count: int) -> float:
        now = self._clock()
        left, since = self._buckets.pop(key, (float(limit.burst), now))
        left = min(limit.burst, left + (now - since) * limit.per_minute / 60)
        enough = left >= count
        self._buckets[key] = (left - count if enough else left, now)
        if len(self._buckets) > _MOST:
            self._buckets.popitem(last=False)
        return 0.0 if enough else count - left

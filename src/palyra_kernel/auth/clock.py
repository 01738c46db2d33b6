"""Time and chance, which tests move."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import msgspec

from palyra_kernel.values.ids import now_ms


class Clock(msgspec.Struct, frozen=True):
    """``now_ms``: milliseconds since 1970. ``random``: from 0 up to 1, for jitter alone. ``wait``: takes seconds."""

    now_ms: Callable[[], int] = now_ms
    random: Callable[[], float] = random.random
    wait: Callable[[float], None] = time.sleep

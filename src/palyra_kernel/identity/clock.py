"""The wall clock, which tests move. What is secret is never drawn from here."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from palyra_kernel.values.ids import now_ms


class Clock(msgspec.Struct, frozen=True):
    """``now_ms``: milliseconds since 1970."""

    now_ms: Callable[[], int] = now_ms

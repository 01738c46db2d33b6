"""Whether a node is there: one function, for everybody who asks."""

from __future__ import annotations

from typing import Literal

Presence = Literal["online", "stale", "offline"]

ONLINE_MS = 60_000
"""Four of the 15 seconds between two signs of life."""
STALE_MS = 300_000


def presence(last_seen_ms: int, now_ms: int, *, degraded: bool = False) -> Presence:
    """How a node is that was last heard of at *last_seen_ms* by the clock of the gateway, 0 for never.

    One that is *degraded* is stale at best. A moment that is still to come was written before the clock was set back,
    and says nothing.
    """
    age = now_ms - last_seen_ms
    if not 0 <= age < STALE_MS:
        return "offline"
    return "online" if age < ONLINE_MS and not degraded else "stale"

"""Random ids and the wall clock, in the one form that stored documents use."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime


def new_id() -> str:
    """32 random lower-case hexadecimal digits (128 bits), for vaults and objects."""
    return os.urandom(16).hex()


def now_ms() -> int:
    """Milliseconds since 1970, UTC."""
    return time.time_ns() // 1_000_000


def to_datetime(ms: int) -> datetime:
    """The moment *ms* milliseconds after 1970, UTC."""
    return datetime.fromtimestamp(ms / 1000, UTC)

"""How long a server asks to be left alone (RFC 9110, 10.2.3)."""

from __future__ import annotations

from palyra_kernel.net import HttpResponse
from palyra_kernel.net.dates import http_date

MOST_SECONDS = 86_400.0
"""A day: who asks for more is asked again after it."""


def retry_after_seconds(said: str | None, now: float) -> float | None:
    """Seconds to wait from *now*, seconds since 1970 by the server's clock; None for what is neither a whole number of
    seconds nor a date. At most a day, and zero for a date that is past."""
    text = (said or "").strip(" \t")
    if text.isascii() and text.isdigit():
        return min(float(text), MOST_SECONDS)
    date = http_date(text)
    return None if date is None else min(max(date - now, 0.0), MOST_SECONDS)


def retry_after(response: HttpResponse) -> float | None:
    """What *response* asks for, in seconds from when it came."""
    now = response.received_at + (response.clock_skew or 0.0)
    return retry_after_seconds(response.header("retry-after"), now)

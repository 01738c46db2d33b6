"""When a token is to be refreshed: before it expires, and not all tokens in the same second."""

from __future__ import annotations

_SHARE = 0.8
_JITTER = 0.1
_WINDOW_MS = 5 * 60_000


def due_ms(obtained_ms: int, expires_ms: int, random: float) -> int:
    """The moment to refresh a token at: at 80 % of its life, or five minutes before its end where that is earlier and
    leaves it half of its life; up to a tenth of its life earlier, as *random*, from 0 to 1, says."""
    life = expires_ms - obtained_ms
    latest = obtained_ms + int(life * _SHARE)
    if life >= 2 * _WINDOW_MS:
        latest = min(latest, expires_ms - _WINDOW_MS)
    return latest - int(life * _JITTER * random)

"""When a token ends, by our clock: one answer for login, refresh, device and exchange, whatever the server said.

Some say seconds, as the standard wants; some say a point in time, in seconds or milliseconds, some a text; some say
nothing. What cannot be a lifetime is nothing: a token that was dead when it came would be refreshed at once, and its
successor too, for ever.
"""

from __future__ import annotations

import math

from palyra_kernel.auth.jwt_peek import claimed_end
from palyra_kernel.contracts.oauth import TokenReply

MOST_SECONDS = 400 * 86_400
"""No token lives longer than 400 days: beyond it we look again."""
USUAL_SECONDS = 3600
"""Of a token of which nobody says anything at all, not even its adapter."""

_POINT_IN_SECONDS = 10**9
_POINT_IN_MS = 10**12
_NO_POINT = 10**15
"""Milliseconds: from here on, some 30,000 years ahead, a number is none of these."""
_DIGITS = 15


def expires_at_ms(reply: TokenReply, *, now_ms: int, default_lifetime: int) -> int:
    """The end of ``reply.access_token`` in milliseconds since 1970 by our clock, at most 400 days after *now_ms*, the
    moment of the reply.

    It is what ``reply.expires_in`` says: a whole number, or a text of digits, below 10⁹ seconds from now, below 10¹²
    seconds since 1970, from there on milliseconds since 1970. Points in time are by the server's clock, as far as that
    is known. If it says nothing that lies ahead (0, -1, 12.5, ``1h``, 10³⁰, the past), the token's own ``exp`` counts,
    if it is a JWT, and else *default_lifetime* in seconds. An earlier token's end never counts.
    """
    skew_ms = _skew_ms(reply.clock_skew)
    ends = (_said(reply.expires_in, now_ms, skew_ms), _claimed(reply, skew_ms))
    for end in ends:
        if end is not None and end > now_ms:
            return min(end, now_ms + MOST_SECONDS * 1000)
    seconds = default_lifetime if default_lifetime > 0 else USUAL_SECONDS
    return now_ms + min(seconds, MOST_SECONDS) * 1000


def _said(said: object, now_ms: int, skew_ms: int) -> int | None:
    number = _whole(said)
    if number is None or not 0 < number < _NO_POINT:
        return None
    if number < _POINT_IN_SECONDS:
        return now_ms + number * 1000
    return (number * 1000 if number < _POINT_IN_MS else number) - skew_ms


def _whole(said: object) -> int | None:
    """*said* as a whole number: ``120``, ``"120"``, and ``1.8e9``, which is whole however it is written."""
    if type(said) is int:
        return said
    if isinstance(said, float) and said.is_integer():
        return int(said)
    if isinstance(said, str) and len(said) <= _DIGITS and said.isascii() and said.isdigit():
        return int(said)
    return None


def _claimed(reply: TokenReply, skew_ms: int) -> int | None:
    end = claimed_end(reply.access_token)
    return None if end is None else end * 1000 - skew_ms


def _skew_ms(skew: float | None) -> int:
    return round(skew * 1000) if skew is not None and math.isfinite(skew * 1000) else 0

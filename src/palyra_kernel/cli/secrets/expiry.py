"""``--expires``: how long from now, or until when."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from palyra_kernel.errors import InvalidInputError

_SPAN = re.compile(r"([1-9][0-9]{0,8})([smhdw])", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_expiry(text: str | None) -> datetime | None:
    """``90s``, ``15m``, ``12h``, ``30d``, ``4w``, or an RFC 3339 time with its offset. Never in the past."""
    if text is None:
        return None
    now = datetime.now(UTC)
    span = _SPAN.fullmatch(text)
    try:
        moment = now + timedelta(**{_UNITS[span[2]]: int(span[1])}) if span else datetime.fromisoformat(text)
        moment = moment if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _invalid(f"not a time: {text[:64]!r}") from None
    if moment.tzinfo is None:
        raise _invalid("an expiry needs its offset from UTC")
    if moment <= now:
        raise _invalid("an expiry is in the future")
    return moment


def _invalid(message: str) -> InvalidInputError:
    return InvalidInputError("invalid_expiry", message, hint="like 12h, 30d, 4w or 2030-01-31T12:00:00Z")

"""Spans of time as people write and read them: ``90s``, ``15m``, ``2h``, ``1d``."""

from __future__ import annotations

import re

from palyra_kernel.errors import InvalidInputError

_SPAN = re.compile(r"([1-9][0-9]{0,8})([smhd])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_UNITS = ((86_400, "d"), (3600, "h"), (60, "min"))


def parse_span(text: str, *, code: str, option: str = "--ttl") -> int:
    """*text*, which came with *option*, in seconds. Raises :class:`InvalidInputError` with *code*."""
    span = _SPAN.fullmatch(text)
    if span is None:
        raise InvalidInputError(code, f"{option} is no span of time", hint="like 90s, 15m or 2h")
    return int(span[1]) * _SECONDS[span[2]]


def rough(milliseconds: int) -> str:
    """A span for people, in its greatest unit, rounded down: ``3 min``. One that is not over 0 is ``0 s``."""
    seconds = max(milliseconds, 0) // 1000
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"

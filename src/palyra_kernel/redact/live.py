"""Secrets that are in memory now, found in text in whatever encoding (:mod:`palyra_kernel.redact.views`).

A value is compared in its own buffer and never copied. It is known until it is wiped: what is to be redacted has to
be redacted before that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from palyra_kernel.redact.views import Span, View, views
from palyra_kernel.values.sensitive import KNOWN_FROM, live_buffers

_BLANK = b" \t\r\n"


def find_live(data: bytes) -> list[Span]:
    """Where live values stand in *data*, in order and without overlaps. White space around a value does not count:
    who reads a file strips it."""
    values = [_stripped(buffer) for buffer in live_buffers()]
    if not values:
        return []
    return merged(span for view in views(data) for value in values for span in _found(view.data, value, view))


def merged(spans: Iterable[Span]) -> list[Span]:
    """*spans* in order; those that touch are one."""
    out: list[Span] = []
    for start, end in sorted(spans):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return out


def _stripped(buffer: bytearray) -> memoryview:
    start, end = 0, len(buffer)
    while start < end and buffer[start] in _BLANK:
        start += 1
    while end > start and buffer[end - 1] in _BLANK:
        end -= 1
    return memoryview(buffer)[start:end] if end - start >= KNOWN_FROM else memoryview(buffer)


def _found(data: bytes, value: memoryview, view: View) -> Iterator[Span]:
    at = data.find(value)
    # One byte again and again is no secret: spaces, a ruler, or zeros in a buffer that is not filled yet.
    while at >= 0 and any(byte != value[0] for byte in value):
        yield view.span(at, at + len(value))
        at = data.find(value, at + len(value))

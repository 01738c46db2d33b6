"""Taking secrets out of text before people or programs see it: values that live now, then what looks like one.

Errors load this when they are printed, so it costs a good run nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import AnyStr

from palyra_kernel.redact.live import find_live, merged
from palyra_kernel.redact.patterns import find_tokens
from palyra_kernel.redact.views import Span, unescaped

__all__ = ["contains_secret", "redact_text"]

REDACTED = "<redacted>"
UNCHECKED = "<redacted: this text could not be checked>"

_LONE = re.compile("[\ud800-\udc7f\udd00-\udfff]")  # surrogates that stand for no byte


def redact_text(text: str) -> str:
    """*text* with ``<redacted>`` in place of secrets; the same text if there is none.

    Found are the values of all :class:`SensitiveBytes` of 8 bytes and more that were not wiped yet, as they are and
    in base64, hexadecimal, URL, JSON and Python's escapes; tokens of well-known shape; values of secret names.
    Time is linear in the length of *text*. It never raises: what cannot be checked is not shown.
    """
    try:
        return _redacted(str.__str__(text) if isinstance(text, str) else str(text))
    except Exception:  # noqa: BLE001  # whatever it is, it must not turn into the text, nor into a second error
        return UNCHECKED


def contains_secret(data: bytes | bytearray | memoryview) -> bool:
    """Whether :func:`redact_text` would find something in *data*, as bytes or as UTF-8 text. True also if that
    cannot be found out."""
    try:
        content = bytes(data)
        return bool(find_live(content)) or any(True for _ in _found(content))
    except Exception:  # noqa: BLE001  # the same: in doubt there is one
        return True


def _redacted(text: str) -> str:
    data = _encoded(text)
    spans = find_live(data)
    if spans:
        text = _without(data, spans, REDACTED.encode()).decode("utf-8", "replace")
    if "\\" not in text:
        return _without(text, merged((match.start, match.end) for match in find_tokens(text)), REDACTED)
    data = _encoded(text)
    spans = merged(_found(data))
    return _without(data, spans, REDACTED.encode()).decode("utf-8", "surrogateescape") if spans else text


def _found(data: bytes) -> Iterator[Span]:
    """Where tokens and named values stand in *data*, as it is and as a reader of JSON would see it."""
    yield from _in_text(data)
    if b"\\" in data:
        for view in unescaped(data):
            yield from (view.span(start, end) for start, end in _in_text(view.data))


def _in_text(data: bytes) -> Iterator[Span]:
    text = data.decode("utf-8", "surrogateescape")
    at = offset = 0
    for match in find_tokens(text):
        offset += len(text[at : match.start].encode("utf-8", "surrogateescape"))
        at = match.start
        yield offset, offset + len(text[match.start : match.end].encode("utf-8", "surrogateescape"))


def _encoded(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")  # bytes that were no UTF-8 are themselves again
    except UnicodeEncodeError:
        return _LONE.sub("\ufffd", text).encode("utf-8", "surrogateescape")


def _without(content: AnyStr, spans: Iterable[Span], mark: AnyStr) -> AnyStr:
    parts: list[AnyStr] = []
    position = 0
    for start, end in spans:
        parts += (content[position:start], mark)
        position = end
    parts.append(content[position:])
    return mark[:0].join(parts)

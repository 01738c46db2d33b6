"""Text as a reader would decode it: each encoding in which a value may stand in it, with the way back to the text.

The text is decoded, no value is ever encoded. So all spellings of an encoding are covered at once (upper and lower
case, more escapes than needed, any alignment of base64), and the cost does not grow with the number of values.
"""

from __future__ import annotations

import binascii
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator

_DEEPEST = 4
Span = tuple[int, int]
"""Start and end of some bytes, the end not included."""
_Token = Callable[["re.Match[bytes]"], bytes]

_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{11,}")  # 11 are 8 bytes
_HEX = re.compile(rb"[0-9A-Fa-f]{16,}")
_STANDARD = bytes.maketrans(b"-_", b"+/")
_SIMPLE = {
    b"n": b"\n",
    b"r": b"\r",
    b"t": b"\t",
    b"b": b"\b",
    b"f": b"\f",
    b"a": b"\a",
    b"v": b"\v",
    b"0": b"\0",
}


class View:
    """Bytes that were made from other bytes; :meth:`span` says from which."""

    def __init__(self, data: bytes, origin: Callable[[int, int], Span]) -> None:
        self.data = data
        self.span = origin


def views(data: bytes) -> Iterator[View]:
    """*data* itself, without its escapes, and what its base64 and hexadecimal runs mean."""
    for layer in _layers(View(data, lambda start, end: (start, end))):
        yield layer
        latin = _replaced(layer, *_LATIN)
        if latin is not None:
            yield latin
        yield from _base64(layer)
        yield from _hex(layer)


def unescaped(data: bytes) -> Iterator[View]:
    """*data* without its backslash escapes, one layer of them after the other: JSON in JSON, a repr of it."""
    view = View(data, lambda start, end: (start, end))
    for _ in range(_DEEPEST):
        inner = _replaced(view, _BACKSLASH, _backslash_text)
        if inner is None:
            return
        yield inner
        view = inner


def _layers(whole: View) -> Iterator[View]:
    seen, newest = {whole.data}, [whole]
    for escapes in (_ESCAPES, _ESCAPES, _BACKSLASHES, _BACKSLASHES, ()):
        yield from newest
        made = [_replaced(view, token, meaning) for view in newest for token, meaning in escapes]
        newest = []
        for view in made:
            if view is not None and view.data not in seen:
                seen.add(view.data)
                newest.append(view)


def _replaced(view: View, token: re.Pattern[bytes], meaning: _Token) -> View | None:
    """*view* with each token replaced by what it means; None if there is none."""
    out, starts, pieces, position = bytearray(), list[int](), list[tuple[int, int, bool]](), 0

    def piece(start: int, end: int, content: bytes, *, plain: bool) -> None:
        starts.append(len(out))
        pieces.append((start, end, plain))
        out.extend(content)

    for match in token.finditer(view.data):
        start, end = match.span()
        if start > position:
            piece(position, start, view.data[position:start], plain=True)
        piece(start, end, meaning(match), plain=False)
        position = end
    if not pieces:
        return None
    piece(position, len(view.data), view.data[position:], plain=True)

    def origin(start: int, end: int) -> Span:
        first, last = bisect_right(starts, start) - 1, bisect_right(starts, end - 1) - 1
        source, _, plain = pieces[first]
        _, stop, plain_stop = pieces[last]
        begin = source + (start - starts[first] if plain else 0)
        return view.span(begin, pieces[last][0] + end - starts[last] if plain_stop else stop)

    return View(bytes(out), origin)


def _hex_byte(match: re.Match[bytes]) -> bytes:
    return bytes.fromhex(match[1].decode())


def _form_byte(match: re.Match[bytes]) -> bytes:
    return b" " if match[0] == b"+" else _hex_byte(match)


def _latin_byte(match: re.Match[bytes]) -> bytes:
    return match[0].decode().encode("latin-1")


def _backslash(match: re.Match[bytes]) -> bytes:
    """What an escape of JSON, or of the ``repr`` of bytes, means: ``\\xNN`` is a byte."""
    return bytes.fromhex(match[0][2:].decode()) if match[0][1:2] == b"x" else _backslash_text(match)


def _backslash_text(match: re.Match[bytes]) -> bytes:
    """The same for the ``repr`` of text: ``\\xNN`` is a character."""
    kind, digits = match[0][1:2], match[0][2:]
    if kind == b"x":
        return chr(int(digits, 16)).encode()
    if kind in b"uU" and digits:
        units = [int(unit, 16) for unit in re.split(rb"\\u", digits)]
        if len(units) == 2:  # a pair of surrogates
            return chr(0x10000 + ((units[0] - 0xD800) << 10) + units[1] - 0xDC00).encode()
        return chr(min(units[0], 0x10FFFF)).encode("utf-8", _escaped(units[0]))
    return _SIMPLE.get(kind, kind)


def _escaped(unit: int) -> str:
    """A lone surrogate is mostly a byte that was no UTF-8 (PEP 383)."""
    return "surrogateescape" if 0xDC80 <= unit <= 0xDCFF else "surrogatepass"


def _nothing(_match: re.Match[bytes]) -> bytes:
    return b""


_BACKSLASH = re.compile(
    rb"\\(?:u[dD][89aAbB][0-9A-Fa-f]{2}\\u[dD][c-fC-F][0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}"
    rb"|x[0-9A-Fa-f]{2}|[nrtbfav0\"'/\\])"
)
_Escapes = tuple[tuple[re.Pattern[bytes], _Token], ...]
_BACKSLASHES: _Escapes = ((_BACKSLASH, _backslash), (_BACKSLASH, _backslash_text))
"""JSON in JSON in a repr: tried four deep, the others two."""
_ESCAPES: _Escapes = (
    *_BACKSLASHES,
    (re.compile(rb"%([0-9A-Fa-f]{2})"), _hex_byte),
    (re.compile(rb"%([0-9A-Fa-f]{2})|\+"), _form_byte),
    (re.compile(rb"\r?\n[ \t]*"), _nothing),  # wrapped lines
    (re.compile(rb"\x00"), _nothing),  # UTF-16
)
_LATIN = (re.compile(rb"[\xc2\xc3][\x80-\xbf]"), _latin_byte)
"""Bytes that were taken for Latin-1."""


def _base64(view: View) -> Iterator[View]:
    """The runs of *view* that may be base64, of either alphabet, decoded from each of the four places in a group."""
    for run in _BASE64.finditer(view.data):
        text = run[0].translate(_STANDARD)
        for base in range(run.start(), run.start() + 4):
            group = text[base - run.start() :]
            decoded = binascii.a2b_base64(group + b"A" * (-len(group) % 4))
            yield View(decoded, _scaled(view, base, run.end(), 4, 3))


def _hex(view: View) -> Iterator[View]:
    for run in _HEX.finditer(view.data):
        for base in range(run.start(), run.start() + 2):
            digits = view.data[base : run.end()]
            decoded = binascii.unhexlify(digits[: len(digits) // 2 * 2])
            yield View(decoded, _scaled(view, base, run.end(), 2, 1))


def _scaled(view: View, base: int, stop: int, characters: int, size: int) -> Callable[[int, int], Span]:
    """The way back from bytes of which *size* were *characters* characters."""
    return lambda start, end: view.span(
        base + start * characters // size, min(stop, base - -end * characters // size)
    )

"""Values that must be found nowhere, and how to look for them: whole and in slices, in every encoding.

``assert_nowhere({"stderr": text, "state": data}, canary)`` is what a scenario ends with.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import urllib.parse
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

_WINDOW = 16
"""Bytes of an encoded value that count as a leak: a message that shows only the beginning has shown it."""

SIZES = (8, 16, 64, 4000)
_LETTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def _binary(size: int) -> bytes:
    """Any bytes, but white space at the ends: it does not count, and what is left of eight is too short to be found."""
    while True:
        value = os.urandom(size)
        text = value.decode("utf-8", "surrogateescape")
        if text == text.strip():
            return value


def _text(size: int) -> bytes:
    """What needs every escape: quotes, a backslash, a line break inside, what URLs change, four-byte UTF-8."""
    special = "\"\\'\n%+ &$é☃🐤".encode()
    body = ("7" + "".join(secrets.choice(_LETTERS) for _ in range(size - 1))).encode()  # never like a command
    return body if size < 32 else body[:8] + special + body[8 + len(special) :]


CANARIES = {
    f"{make.__name__.strip('_')} of {size}": make(size) for make in (_binary, _text) for size in SIZES
}
"""New values in each run: a leak into a file of an earlier run cannot hide behind one of today."""


def encodings(value: bytes) -> dict[str, bytes]:
    """*value* in each encoding in which values slip out."""
    text, latin = value.decode("utf-8", "surrogateescape"), value.decode("latin-1")
    return {
        "raw": value,
        "latin-1 as utf-8": latin.encode(),
        "hex": value.hex().encode(),
        "upper hex": value.hex().upper().encode(),
        "url": urllib.parse.quote(value, safe="").encode(),
        "url form": urllib.parse.quote_plus(value).encode(),
        "json": json.dumps(text)[1:-1].encode(),
        "json of latin-1": json.dumps(latin)[1:-1].encode(),
        "json of utf-8": json.dumps(latin, ensure_ascii=False)[1:-1].encode(),
        "repr": repr(value)[2:-1].encode(),
        "repr of text": repr(text)[1:-1].encode("utf-8", "surrogateescape"),
        "base64": base64.b64encode(value),
        "url-safe base64": base64.urlsafe_b64encode(value).rstrip(b"="),
        "base64, second place": base64.b64encode(b"a" + value + b"z"),
        "base64, third place": base64.b64encode(b"ab" + value + b"z"),
    }


def forms(value: bytes) -> dict[str, bytes]:
    """What to look for: the encodings, without what the neighbours of *value* decide; digits and UTF-16 too."""
    latin = value.decode("latin-1")
    found = {name: form for name, form in encodings(value).items() if "base64" not in name}
    found["numbers"] = ", ".join(map(str, value)).encode()
    found |= {name: latin.encode(name) for name in ("utf-16-le", "utf-16-be")}
    for shift in range(3):
        for name, encode in (("base64", base64.b64encode), ("url-safe base64", base64.urlsafe_b64encode)):
            sure = (shift + len(value)) * 4 // 3  # characters that no byte behind the value changes
            found[f"{name} at {shift}"] = encode(bytes(shift) + value)[(0, 2, 3)[shift] : sure]
    return found


@cache
def _needles(value: bytes) -> tuple[tuple[str, bytes], ...]:
    return tuple(
        {needle: (name, needle) for name, form in forms(value).items() for needle in _slices(form)}.values()
    )


def _slices(form: bytes) -> Iterator[bytes]:
    """Windows of the first half kilobyte, and some of the rest."""
    last = max(0, len(form) - _WINDOW)
    for start in {*range(0, min(last, 512) + 1, _WINDOW), *range(0, last + 1, len(form) // 32 + 1), last}:
        yield form[start : start + _WINDOW]


def leaks(haystack: str | bytes, value: bytes) -> list[str]:
    """The forms of *value*, or of slices of it, that stand in *haystack*."""
    data = haystack.encode("utf-8", "surrogatepass") if isinstance(haystack, str) else haystack
    plain = data.replace(b"\\\\", b"\\") if b"\\\\" in data else data  # a repr of a repr escapes twice
    return sorted({name for name, needle in _needles(value) if needle in data or needle in plain})


def assert_nowhere(haystacks: Iterable[tuple[str, str | bytes]], value: bytes) -> None:
    """Fail, and say where and in which form, if *value* stands in one of *haystacks*: pairs of a label and content.

    At least one haystack must hold something: a scenario that saw nothing has shown nothing.
    """
    seen = False
    for label, haystack in haystacks:
        seen = seen or bool(haystack)
        found = leaks(haystack, value)
        assert not found, f"{label} shows the canary as {', '.join(found)}"
    assert seen, "nothing to look at"


def files_under(*folders: Path) -> Iterator[tuple[str, bytes]]:
    """The content of every file under *folders*, and the names."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            yield f"the name of {path.name}", os.fsencode(path)
            if path.is_file() and not path.is_symlink():
                yield str(path), path.read_bytes()

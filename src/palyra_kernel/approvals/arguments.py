"""The exact arguments of an act as one text, whose digest an approval is bound to.

The form is that of RFC 8785 (JSON Canonicalization Scheme): no white space, members sorted by the UTF-16 code units of
their names, the shortest escapes; and of its numbers only the integers that every reader keeps exactly. What has two
readings is refused and not repaired.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from palyra_kernel.errors import InvalidInputError
from palyra_kernel.values.digest import sha256

MAX_BYTES = 65_536
"""Of the canonical text."""

MAX_DEPTH = 32
"""Lists and objects inside each other."""

MAX_INTEGER = 2**53 - 1
"""Beyond it readers of JSON round; such a number is sent as text."""


def canonical(arguments: object) -> bytes:
    """*arguments* as canonical JSON, UTF-8: ``None``, booleans, integers, text, lists, tuples and dictionaries.

    Raises :class:`InvalidInputError` ``approval.arguments`` for floats, integers beyond ±(2⁵³ - 1), lone surrogates,
    names that are no text, any other type, more than 32 levels and more than 65,536 bytes.
    """
    out = bytearray()
    for part in _parts(arguments, 0):
        out += part
        if len(out) > MAX_BYTES:
            raise _invalid(f"they have more than {MAX_BYTES} bytes")
    return bytes(out)


def digest(arguments: object) -> str:
    """SHA-256 of :func:`canonical`, hexadecimal."""
    return sha256(canonical(arguments)).hex()


def _parts(value: object, depth: int) -> Iterator[bytes]:
    kind = type(
        value
    )  # exactly: a subclass may show one thing when it is read and do another when it is used
    if depth > MAX_DEPTH:
        raise _invalid(f"they are nested more than {MAX_DEPTH} levels deep")
    if isinstance(value, bool) or value is None:
        yield {True: b"true", False: b"false", None: b"null"}[value]
    elif isinstance(value, int) and kind is int:
        if abs(value) > MAX_INTEGER:
            raise _invalid("an integer is beyond 2**53 - 1: send it as text")
        yield str(value).encode()
    elif isinstance(value, str) and kind is str:
        yield _text(value)
    elif isinstance(value, list | tuple) and kind in (list, tuple):
        yield from _array(value, depth)
    elif isinstance(value, dict) and kind is dict:
        yield from _object(value, depth)
    else:
        raise _invalid(f"{kind.__name__} has no exact form in them")


def _array(items: list[object] | tuple[object, ...], depth: int) -> Iterator[bytes]:
    for index, item in enumerate(items):
        yield b"," if index else b"["
        yield from _parts(item, depth + 1)
    yield b"]" if items else b"[]"


def _object(members: dict[object, object], depth: int) -> Iterator[bytes]:
    named: list[tuple[bytes, str, object]] = []
    for name, value in members.items():
        if not isinstance(name, str) or type(name) is not str:
            raise _invalid("the name of a member is no text")
        named.append((name.encode("utf-16-be", "surrogatepass"), name, value))
    for index, (_, name, value) in enumerate(sorted(named, key=lambda each: each[0])):
        yield b"," if index else b"{"
        yield _text(name)
        yield b":"
        yield from _parts(value, depth + 1)
    yield b"}" if members else b"{}"


def _text(text: str) -> bytes:
    if len(text) > MAX_BYTES:
        raise _invalid(f"they have more than {MAX_BYTES} bytes")
    try:
        return msgspec.json.encode(text)
    except UnicodeEncodeError:
        raise _invalid("a text in them has a lone surrogate") from None


def _invalid(why: str) -> InvalidInputError:
    return InvalidInputError(
        "approval.arguments", f"these arguments cannot be approved: {why}", hint="pass plain JSON values"
    )

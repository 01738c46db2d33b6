"""Who a secret belongs to."""

from __future__ import annotations

import unicodedata
from typing import Self

from palyra_kernel.errors import InvalidInputError

MAX_SEGMENT_BYTES = 256
_SHAPES = {"principal": 1, "channel": 2, "skill": 1}
_RESERVED = "kernel"
_CONTROL = frozenset(("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"))


class VaultScope:
    """One of ``global``, ``principal:ID``, ``channel:NAME:ACCOUNT`` and ``skill:ID``.

    A segment is 1 to 256 bytes of UTF-8 in normal form C, without control characters, ``/``, ``\\`` and white
    space at its ends; a channel name has no ``:`` either. Segments are compared exactly: nothing is trimmed or
    lower-cased. Raises :class:`InvalidInputError` ``invalid_scope``.
    """

    __slots__ = ("_text", "kind", "segments")

    kind: str
    segments: tuple[str, ...]
    _text: str

    def __init__(self, kind: str, *segments: str) -> None:
        if not isinstance(kind, str) or (kind != "global" and kind not in _SHAPES):
            raise _invalid(f"unknown kind of scope: {str(kind)[:32]!r}")
        if len(segments) != _SHAPES.get(kind, 0):
            raise _invalid(f"a {kind} scope takes {_SHAPES.get(kind, 0)} segments, not {len(segments)}")
        for segment in segments:
            check_segment(segment)
        if kind == "channel" and ":" in segments[0]:
            raise _invalid("a channel name has no ':'")
        self._fill(kind, segments)

    def _fill(self, kind: str, segments: tuple[str, ...]) -> None:
        object.__setattr__(self, "kind", kind)
        object.__setattr__(self, "segments", segments)
        object.__setattr__(self, "_text", ":".join((kind, *segments)))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse the text form. ``global`` is accepted in any case, everything else exactly."""
        if not isinstance(text, str):
            raise _invalid(f"a scope is text, not {type(text).__name__}")
        if text.lower() == "global":
            return cls("global")
        kind, colon, rest = text.partition(":")
        if not colon or kind not in _SHAPES:
            raise _invalid(f"not a scope: {text[:64]!r}")
        return cls(kind, *rest.split(":", _SHAPES[kind] - 1))

    @classmethod
    def kernel(cls, component: str) -> Self:
        """The reserved scope ``kernel:COMPONENT``: for the kernel's own rooms, it has no text form that parses."""
        check_segment(component)
        self = cls.__new__(cls)
        self._fill(_RESERVED, (component,))
        return self

    @property
    def reserved(self) -> bool:
        """Whether this is a scope of the kernel itself."""
        return self.kind == _RESERVED

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"VaultScope({self._text!r})"

    def __eq__(self, other: object) -> bool:
        return self._text == other._text if isinstance(other, VaultScope) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._text)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a scope does not change")

    def __delattr__(self, name: str) -> None:
        raise AttributeError("a scope does not change")

    def __reduce__(self) -> tuple[object, ...]:
        if self.reserved:
            return (VaultScope.kernel, self.segments)
        return (VaultScope, (self.kind, *self.segments))


GLOBAL = VaultScope("global")


def check_segment(segment: str) -> None:
    """Raise :class:`InvalidInputError` unless *segment* may stand in a scope."""
    if not isinstance(segment, str):
        raise _invalid(f"a scope segment is text, not {type(segment).__name__}")
    try:
        size = len(segment.encode())
    except UnicodeEncodeError:
        raise _invalid("a scope segment is not valid Unicode") from None
    if not 1 <= size <= MAX_SEGMENT_BYTES:
        raise _invalid(f"a scope segment has 1 to {MAX_SEGMENT_BYTES} bytes, not {size}")
    if segment.isascii():
        if not segment.isprintable():
            raise _invalid("a scope segment has no control characters")
    elif not unicodedata.is_normalized("NFC", segment) or any(
        unicodedata.category(c) in _CONTROL for c in segment
    ):
        raise _invalid("a scope segment is in normal form C and has no control characters")
    if segment != segment.strip() or "/" in segment or "\\" in segment:
        raise _invalid("a scope segment has no '/', no '\\' and no white space at its ends")


def _invalid(message: str) -> InvalidInputError:
    return InvalidInputError(
        "invalid_scope", message, hint="scopes: global, principal:ID, channel:NAME:ACCOUNT, skill:ID"
    )

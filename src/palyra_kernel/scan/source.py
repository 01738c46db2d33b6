"""A file as text whose every byte comes back, and where in it something stands."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property
from typing import NamedTuple, Self

_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_IGNORE = re.compile(r"\bpalyra:ignore\b")
_LINE_END = re.compile(r"\r\n|\n|\r")


class Position(NamedTuple):
    """A line and a column, both from 1; columns count characters."""

    line: int
    column: int


class Source:
    """The text of a file without its byte order mark. :meth:`encoded` of the same text gives the same bytes.

    ``codec`` is what it was decoded with; ``latin-1`` means that nobody knows: then only what is plain ASCII counts.
    """

    def __init__(self, text: str, codec: str, mark: bytes) -> None:
        self.text = text
        self.codec = codec
        self._mark = mark

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """By the byte order mark, else UTF-8, else byte by byte."""
        for mark, codec in _MARKS:
            if data.startswith(mark):
                try:
                    return cls(data[len(mark) :].decode(codec), codec, mark)
                except UnicodeDecodeError:
                    break
        try:
            return cls(data.decode("utf-8"), "utf-8", b"")
        except UnicodeDecodeError:
            return cls(data.decode("latin-1"), "latin-1", b"")

    def encoded(self, text: str) -> bytes:
        """*text* as the bytes of such a file."""
        return self._mark + text.encode(self.codec)

    def position(self, offset: int) -> Position:
        """Where the character at *offset* stands."""
        line = bisect_right(self._starts, offset)
        return Position(line, offset - self._starts[line - 1] + 1)

    def ignored(self, offset: int) -> bool:
        """Whether the line of *offset* says ``palyra:ignore``."""
        return self.position(offset).line in self._ignored

    @cached_property
    def _ignored(self) -> frozenset[int]:
        return frozenset(self.position(match.start()).line for match in _IGNORE.finditer(self.text))

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(end.end() for end in _LINE_END.finditer(self.text))]

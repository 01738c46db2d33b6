"""``.env`` files: python-dotenv's parser says what they hold, its grammar where a value begins and ends."""

from __future__ import annotations

import io
import re

from dotenv.parser import Binding, parse_stream

from palyra_kernel.scan.leaves import Leaf, Room, UnparsableError

_BEFORE = re.compile(r"\s*+(?:export[^\S\r\n]+)?(?:'[^']+'|[^=#\s]+)[^\S\r\n]*(=)[^\S\r\n]*")
_QUOTED = re.compile(r"'(?:\\.|[^'\\])*+'|\"(?:\\.|[^\"\\])*+\"", re.DOTALL)
_SAFE = re.compile(r"[A-Za-z0-9_./:@%+,=-]+", re.ASCII)
_LINE_END = re.compile(r"\r\n|\n|\r")


def dotenv_leaves(text: str) -> list[Leaf]:
    """The values of a ``.env`` file; a name that comes twice gives two leaves."""
    if text.startswith("\ufeff"):
        raise UnparsableError("a second byte order mark")
    leaves: list[Leaf] = []
    room, offset = Room(), 0
    for binding in parse_stream(io.StringIO(text, newline="")):
        if binding.error:
            raise UnparsableError("not NAME=VALUE, or a quote that is not closed", _line(binding))
        if binding.key is not None and binding.value is not None:
            room.more()
            start, end = _span(binding)
            leaves.append(Leaf((binding.key,), binding.value, offset + start, offset + end))
        offset += len(binding.original.string)
    return leaves


def dotenv_token(old: str, reference: str) -> str:
    """What stands in the place of a value, in the quotes that it had."""
    if _SAFE.fullmatch(reference):
        quote = old[0] if old[:1] in ("'", '"') else ""
        return f"{quote}{reference}{quote}"
    return "'" + reference.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _span(binding: Binding) -> tuple[int, int]:
    original, value = binding.original.string, binding.value or ""
    before = _BEFORE.match(original)
    if before is None:
        raise UnparsableError("a value without a place", _line(binding))
    start = before.end()
    quoted = _QUOTED.match(original, start)
    if quoted:
        return start, quoted.end()
    if original[start : start + len(value)] != value:
        raise UnparsableError("a value without a place", _line(binding))
    if not value:  # white space must stay between it and a comment
        start = before.end(1)
    return start, start + len(value)


def _line(binding: Binding) -> int:
    """The line where the entry starts: the parser counts from the blank lines before it."""
    text = binding.original.string
    return binding.original.line + len(_LINE_END.findall(text[: len(text) - len(text.lstrip())]))

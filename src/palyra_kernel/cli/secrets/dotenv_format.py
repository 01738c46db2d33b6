"""The ``.env`` format: read by python-dotenv's parser, written so that it reads back byte for byte.

``NAME=value`` or ``export NAME=value`` a line, ``#`` comments. Unquoted values end at the line's end or before
`` #``; white space around them is not part of them. ``'...'`` takes everything as it is but ``\\'`` and ``\\\\``;
``"..."`` also knows ``\\n \\r \\t`` and the like. Both may span lines. A name without ``=`` is an error. Nothing is
expanded: ``$NAME`` and ``$(command)`` are text.
"""

from __future__ import annotations

import io
import re

from dotenv.parser import Binding, parse_stream

from palyra_kernel.cli.secrets.import_items import Item, Problem

_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+,=-]+", re.ASCII)
_NEEDS_DOUBLE = re.compile(r"['\\\x00-\x1f\x7f]")
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})
_LINE_BREAK = re.compile(r"\r\n|\n|\r")


def parse_dotenv(text: str) -> tuple[list[Item], list[Problem]]:
    """The values of *text* in their order, and the lines that are wrong. No problem repeats what a line says."""
    items: list[Item] = []
    problems: list[Problem] = []
    for binding in parse_stream(io.StringIO(text, newline="")):
        where = f"line {_line(binding)}"
        if binding.error:
            problems.append(Problem(where, "not NAME=VALUE, or a quote that is not closed"))
        elif binding.key is not None and binding.value is None:
            problems.append(Problem(where, "a name without ="))
        elif binding.key is not None and binding.value is not None:
            items.append(Item(where, binding.key, binding.value.encode()))
    return items, problems


def dotenv_line(name: str, value: str) -> str:
    """One line that :func:`parse_dotenv` reads back as exactly *value*."""
    if not value or _PLAIN.fullmatch(value):
        return f"{name}={value}\n"
    if _NEEDS_DOUBLE.search(value):
        return f'{name}="{value.translate(_ESCAPES)}"\n'
    return f"{name}='{value}'\n"


def _line(binding: Binding) -> int:
    """The line where the entry starts: the parser counts from the blank lines before it."""
    text = binding.original.string
    return binding.original.line + len(_LINE_BREAK.findall(text[: len(text) - len(text.lstrip())]))

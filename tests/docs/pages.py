"""Reading the pages of ``docs/``."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
_BLOCK = re.compile(r"^```([a-z]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def page(name: str) -> str:
    """The text of a page."""
    return (DOCS / name).read_text("utf-8")


def blocks(text: str, language: str) -> list[str]:
    """The contents of the code blocks of *language*."""
    return [body for found, body in _BLOCK.findall(text) if found == language]


def section(text: str, heading: str) -> str:
    """What stands below *heading*, a whole line with its number signs, up to the next heading of that level."""
    level = heading.partition(" ")[0]
    below = text.partition(f"\n{heading}\n")[2]
    assert below, f"there is no {heading!r}"
    return re.split(rf"^#{{1,{len(level)}}} ", below, maxsplit=1, flags=re.MULTILINE)[0]


def table_rows(text: str) -> list[list[str]]:
    """The rows of the tables in *text*, header and ruler left out; cells without white space at their ends."""
    rows = []
    lines = text.splitlines()
    for number, line in enumerate(lines):
        is_head = number + 1 < len(lines) and lines[number + 1].startswith("|---")
        if line.startswith("| ") and not is_head:
            rows.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return rows

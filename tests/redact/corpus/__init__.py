"""Strings that must be masked, strings that must not, and how well a redactor does on them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from tests.redact.tokens import LONG, TOKENS

REFERENCE = "the reference's failures"
MASK = "<redacted>"
_FOLDER = Path(__file__).parent
_MADE = {
    **{name: examples[0] for name, examples in TOKENS.items()},
    "aws_secret": (LONG + "/+")[-40:],
    "azure_key": LONG + LONG[:22] + "==",
}
_TOKEN = re.compile(r"\{(" + "|".join(_MADE) + r")\}")
_MARKED = re.compile("«(.*?)»", re.DOTALL)


class Entry(NamedTuple):
    """One line of a file. ``secrets``: where in ``text`` they stand."""

    section: str
    text: str
    secrets: tuple[tuple[int, int], ...]

    @property
    def masked(self) -> str:
        """What must be left of it."""
        text, at = "", 0
        for start, end in self.secrets:
            text, at = f"{text}{self.text[at:start]}{MASK}", end
        return text + self.text[at:]


class Score(NamedTuple):
    """What a redactor made of some entries."""

    secrets: int
    found: int
    innocent: int
    spared: int
    wrong: tuple[str, ...]
    """The entries of which something else than the secret, or less, was masked: what was expected, and what came."""

    def __str__(self) -> str:
        return (
            f"{self.found} of {self.secrets} secrets masked ({self.found / max(1, self.secrets):.1%}), "
            f"{self.innocent - self.spared} of {self.innocent} innocent texts masked, "
            f"{len(self.wrong)} entries not exactly as they must be"
        )


def entries(file: str) -> list[Entry]:
    """The entries of ``secrets.txt``, ``innocent.txt`` or ``limits.txt``."""
    return list(_read((_FOLDER / file).read_text("utf-8")))


def score(judged: list[Entry], redact: Callable[[str], str]) -> Score:
    """What *redact* makes of the entries. A secret is found if nothing of what is left over is its text."""
    found = spared = 0
    wrong = []
    for entry in judged:
        left = redact(entry.text)
        around = _MARKED.sub("", entry.masked)
        for start, end in entry.secrets:
            found += _gone(entry.text[start:end], left, around)
        spared += not entry.secrets and left == entry.text
        if left != entry.masked:
            wrong.append(f"{entry.masked!r} became {left!r}")
    return Score(
        sum(len(entry.secrets) for entry in judged),
        found,
        sum(not entry.secrets for entry in judged),
        spared,
        tuple(wrong),
    )


def _gone(secret: str, left: str, around: str) -> bool:
    """Whether *secret* stands in *left* no more often than in what is *around* it."""
    return left.replace(MASK, "\0").count(secret) <= around.replace(MASK, "\0").count(secret)


def _read(content: str) -> Iterator[Entry]:
    section = ""
    for line in content.splitlines():
        if line.startswith("## "):
            section = line[3:]
        elif line and not line.startswith("# "):
            yield _entry(section, line)


def _entry(section: str, line: str) -> Entry:
    marked = _TOKEN.sub(lambda token: _MADE[token[1]], line).replace("⏎", "\n")
    text, spans, at = "", [], 0
    for mark in _MARKED.finditer(marked):
        text += marked[at : mark.start()]
        spans.append((len(text), len(text) + len(mark[1])))
        text, at = text + mark[1], mark.end()
    return Entry(section, text + marked[at:], tuple(spans))

"""What an audit says: where, what and how bad; never a value, a part of one, or its length."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Literal, NamedTuple

import msgspec

from palyra_kernel.redact.patterns import find_tokens

Severity = Literal["blocking", "warning", "info"]
_LONGEST = 500


class Rule(NamedTuple):
    """What a code means."""

    severity: Severity
    meaning: str


RULES = {
    "invalid_secret_ref": Rule("blocking", "A reference does not parse."),
    "unresolved_secret_ref": Rule("blocking", "What a reference names is missing, unreadable or empty."),
    "inline_secret_configured": Rule("warning", "A secret stands in a file in plain text."),
    "expiring_secret_ref": Rule("warning", "What a reference names expires soon."),
    "shadowed_secret_ref": Rule(
        "info", "A secret or reference is set twice, and one of the two does not count."
    ),
    "duplicate_inline_secret": Rule("info", "The same secret stands in plain text in several places."),
    "potentially_unused_secret": Rule("info", "Nothing that was read refers to a secret of the vault."),
    "unreadable_file": Rule("warning", "A file was not read, or only as plain text."),
}


class ScanFinding(msgspec.Struct, frozen=True, kw_only=True):
    """One observation. ``file`` is as it was reached, ``path`` the place in its tree, ``reference`` in canonical form,
    ``pattern`` what gave a secret away; lines and columns count from 1."""

    severity: Severity
    code: str
    message: str
    file: str
    line: int | None = None
    column: int | None = None
    path: str | None = None
    reference: str | None = None
    pattern: str | None = None
    hint: str | None = None


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """How many references there are, how many of them answer, and how many findings of each severity."""

    total: int
    resolved: int
    unchecked: int
    blocking: int
    warning: int
    info: int


def finding(code: str, message: str, **where: object) -> ScanFinding:
    """A finding with the severity of its code; what comes from a file is made fit to be shown."""
    severity = where.pop("severity", RULES[code].severity)
    for name in ("file", "path", "reference", "hint"):
        if where.get(name) is not None:
            where[name] = shown(str(where[name]))
    return ScanFinding(severity=severity, code=code, message=shown(message), **where)  # type: ignore[arg-type]


@lru_cache(maxsize=1024)  # of the same few files, messages and hints
def shown(text: str) -> str:
    """*text* from a file as people may see it: a name can be a secret too, or steer a terminal."""
    for match in sorted(find_tokens(text), key=lambda match: match.start, reverse=True):
        text = f"{text[: match.start]}[{match.pattern_id}]{text[match.end :]}"
    text = "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text
    )
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def in_order(findings: Iterable[ScanFinding]) -> list[ScanFinding]:
    """By file and place."""
    return sorted(
        findings,
        key=lambda each: (each.file, each.line or 0, each.column or 0, each.code),
    )

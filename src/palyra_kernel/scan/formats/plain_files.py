"""Any other text: what is assigned to a name, and string literals that are a reference. A guess, not a parser."""

from __future__ import annotations

import re

from palyra_kernel.scan.leaves import Leaf, Room

_NAME = r"[A-Za-z_][A-Za-z0-9_.-]{0,127}"
_ASSIGNED = re.compile(
    rf"(?<![\w.-])({_NAME})[\"']?[ \t]*(?::[ \t]*[\w.\[\], |]{{1,60}}(?==))?(?::=|=>|[:=])[ \t]*[bru]?"
    r"(\"(?:[^\"\\\r\n]|\\.)*+\"|'(?:[^'\\\r\n]|\\.)*+'|`(?:[^`\\\r\n]|\\.)*+`)"
)
_BARE = re.compile(
    rf"^[ \t]*+(?:(?:export|set|setx|ENV|ARG)[ \t]++|Environment=|//[^\s=]*:)?({_NAME})[ \t]*[=:]"
    r"[ \t]*([^\s\"'`][^\r\n]*+)",
    re.MULTILINE,
)
_COMMENT = re.compile(r"[ \t][#;]")
_REFERENCE = re.compile(r"([\"'`])((?:vault|env|exec)://[A-Za-z0-9._/:@%?=#+-]+)\1", re.ASCII)


def plain_leaves(text: str, *, bare: bool) -> list[Leaf]:
    """What looks like ``NAME = "VALUE"``; with *bare* also without quotes, as settings and shell scripts have it."""
    room = Room()
    found: dict[int, Leaf] = {}
    for match in _ASSIGNED.finditer(text):
        room.more()
        found[match.start(2)] = Leaf((match[1],), match[2][1:-1], *match.span(2))
    for match in _BARE.finditer(text) if bare else ():
        room.more()
        value = _COMMENT.split(match[2], maxsplit=1)[0].rstrip()
        leaf = Leaf((match[1],), value, match.start(2), match.start(2) + len(value))
        found.setdefault(leaf.start, leaf)
    for match in _REFERENCE.finditer(text):
        room.more()
        found.setdefault(match.start(), Leaf((), match[2], *match.span()))
    return [found[start] for start in sorted(found)]

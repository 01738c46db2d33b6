"""What a node can be asked to do, by name, and what it says it runs on."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from palyra_kernel.errors import InvalidInputError

NAME_CHARS = 64
PLATFORM_CHARS = 64
MAX_CAPABILITIES = 64
"""Of one node, and grants of one device too."""

_NAME = re.compile(rf"[a-z0-9][a-z0-9._-]{{0,{NAME_CHARS - 1}}}")
_PLATFORM = re.compile(rf"[A-Za-z0-9](?:[A-Za-z0-9 ._+:/()-]{{0,{PLATFORM_CHARS - 2}}}[A-Za-z0-9.)])?")


def capability_name(text: object) -> str:
    """*text*, if a capability may be called that: 1 to 64 of ``a-z 0-9 . _ -``, a letter or a digit first.

    Raises :class:`InvalidInputError` ``invalid_capability``.
    """
    if not isinstance(text, str) or not _NAME.fullmatch(text):
        raise InvalidInputError(
            "invalid_capability", f"a capability has 1 to {NAME_CHARS} characters of a-z 0-9 . _ -"
        )
    return text


def platform(text: object) -> str:
    """*text*, if it may stand for what a node runs on: 1 to 64 characters of ASCII, such as ``linux x86_64``.

    Raises :class:`InvalidInputError` ``invalid_platform``.
    """
    if not isinstance(text, str) or not _PLATFORM.fullmatch(text):
        raise InvalidInputError(
            "invalid_platform", f"a platform is one word or a few, of {PLATFORM_CHARS} at most"
        )
    return text


class Capability(msgspec.Struct, frozen=True, order=True, forbid_unknown_fields=True):
    """``available``: whether it can be had now; one that is not is known, and gets no work."""

    name: str
    available: bool = True

    def __post_init__(self) -> None:
        capability_name(self.name)


def capabilities(given: Iterable[Capability]) -> tuple[Capability, ...]:
    """*given* in the order of their names. Raises :class:`InvalidInputError` ``invalid_capabilities`` for one that is
    there twice, and for more than 64."""
    found = tuple(sorted(given))
    if len(found) > MAX_CAPABILITIES or len({each.name for each in found}) != len(found):
        message = f"a node has up to {MAX_CAPABILITIES} capabilities, each of another name"
        raise InvalidInputError("invalid_capabilities", message)
    return found

"""Text that people write about devices: bounded, on one line, with nothing in it that a terminal obeys."""

from __future__ import annotations

import unicodedata

from palyra_kernel.errors import InvalidInputError

NAME_BYTES = 128
REASON_BYTES = 256
_REFUSED = frozenset(("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"))
"""Control and format characters, among them those that turn the direction of text, and both line separators."""


def device_name(text: object) -> str:
    """*text*, if a device may be called that: 1 to 128 bytes. Raises :class:`InvalidInputError` ``invalid_name``."""
    return _line(text, "name", NAME_BYTES, least=1)


def reason(text: object) -> str:
    """*text*, if it may stand as a reason: up to 256 bytes. Raises :class:`InvalidInputError` ``invalid_reason``."""
    return _line(text, "reason", REASON_BYTES)


def _line(text: object, what: str, most: int, *, least: int = 0) -> str:
    """The size comes first: what is too long is not looked through."""
    if not isinstance(text, str) or not least <= len(text) <= most:
        raise InvalidInputError(f"invalid_{what}", f"a {what} is a line of {least} to {most} bytes")
    if any(unicodedata.category(character) in _REFUSED for character in text):
        raise InvalidInputError(f"invalid_{what}", f"a {what} has no control characters")
    if len(text.encode()) > most or text != text.strip():
        raise InvalidInputError(
            f"invalid_{what}", f"a {what} has {least} to {most} bytes and no white space at its ends"
        )
    return text

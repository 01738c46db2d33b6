"""Any text as one segment of a key: so services, servers and users of other programs are names in the vault."""

from __future__ import annotations

import re
import string

from palyra_kernel.errors import InvalidInputError

MAX_SEGMENT = 59
"""Two of these, a word of eight letters and two slashes are a key of 128 bytes."""

_PLAIN = frozenset(string.ascii_letters + string.digits + ".-")
_LOOKS_ESCAPED = re.compile("[0-9A-F]{2}")
_ESCAPE = re.compile(rb"_([0-9A-F]{2})")
_EMPTY = "-"
_DOTS = (".", "..")


def key_segment(text: str) -> str:
    """The segment for *text*: at most 59 characters, never the same for two texts.

    ``A-Z a-z 0-9 . -`` stand for themselves, other bytes of the UTF-8 form are ``_XX`` in hexadecimal; ``_`` stands
    for itself unless two such digits follow. A ``-`` in front, which a text of its own would have as ``_2D``, marks
    what cannot be written so: ``-`` is the empty text, ``-`` and 52 characters are the SHA-256, in base 32, of a
    text that is too long. Raises :class:`InvalidInputError` ``not_text`` for what is no text that UTF-8 can hold.
    """
    try:
        data = text.encode()
    except (UnicodeEncodeError, AttributeError):
        raise InvalidInputError("not_text", "a name that is no valid Unicode text") from None
    if not data:
        return _EMPTY
    written = _written(data) if len(data) <= MAX_SEGMENT else ""
    return written if 0 < len(written) <= MAX_SEGMENT else _hashed(data)


def segment_text(segment: str) -> str | None:
    """The text that :func:`key_segment` wrote as *segment*; None if that cannot be told, or was written otherwise."""
    if segment == _EMPTY:
        return ""
    data = _ESCAPE.sub(lambda found: bytes((int(found[1], 16),)), segment.encode())
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    return text if text and key_segment(text) == segment else None


def _written(data: bytes) -> str:
    written = ""
    for byte in reversed(data):  # whether '_' is an escape depends on what follows
        char = chr(byte)
        plain = char in _PLAIN or (char == "_" and not _LOOKS_ESCAPED.match(written))
        written = (char if plain else f"_{byte:02X}") + written
    if written.startswith("-") or written in _DOTS:  # taken; no key has a segment of dots
        written = f"_{ord(written[0]):02X}{written[1:]}"
    return written


def _hashed(data: bytes) -> str:
    from base64 import b32encode

    from palyra_kernel.values.digest import sha256

    return _EMPTY + b32encode(sha256(data)).decode().rstrip("=").lower()

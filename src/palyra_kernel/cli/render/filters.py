"""The forms in which a template can take a value: bytes in, bytes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping


class NotFittingError(ValueError):
    """A value that cannot be written in this form; the message shows nothing of it."""


def _json(value: bytes) -> bytes:
    """A JSON string, with its quotes."""
    import msgspec

    try:
        return msgspec.json.encode(value.decode())
    except UnicodeDecodeError:
        raise NotFittingError("the value is not UTF-8 text, which JSON needs; use base64") from None


def _base64(value: bytes) -> bytes:
    """RFC 4648 with padding, in one line."""
    import binascii

    return binascii.b2a_base64(value, newline=False)


def _url(value: bytes) -> bytes:
    """Percent-encoded but for letters, digits and ``_.-~``: fits every part of a URL."""
    from urllib.parse import quote

    return quote(value, safe="").encode()


def _shell(value: bytes) -> bytes:
    """One word of a POSIX shell."""
    if b"\0" in value:
        raise NotFittingError("the value has a NUL byte, which no shell takes; use base64")
    return b"'" + value.replace(b"'", b"'\"'\"'") + b"'"


FILTERS: Mapping[str, Callable[[bytes], bytes]] = {
    "json": _json,
    "base64": _base64,
    "url": _url,
    "shell": _shell,
}
"""By the name that a template uses."""

"""Which addresses are opened: those that mean the same to the person who agrees and to the browser."""

from __future__ import annotations

import re
from ipaddress import IPv6Address
from urllib.parse import urlsplit

from palyra_kernel import InvalidInputError

MOST_CHARACTERS = 2048
MOST_HOST = 253

_written = re.compile(r"https?://[!$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]+", re.IGNORECASE).fullmatch
"""Printable ASCII without what browsers drop, turn around or take for something else; no fragment."""
_host = re.compile(
    r"(?:(?!-)[a-z0-9_-]{1,63}(?<!-)\.)*(?!-)[a-z0-9_-]{1,63}(?<!-)\.?", re.IGNORECASE
).fullmatch


def checked_address(text: str) -> str:
    """*text*, if it may be opened. Raises :class:`InvalidInputError` ``invalid_input``, without quoting it."""
    if len(text) > MOST_CHARACTERS:
        raise _refused(f"it has more than {MOST_CHARACTERS:,} characters")
    if not _written(text):
        raise _refused("it is not http or https in printable ASCII, or it has a fragment")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _refused("its host or its port is none") from None
    if "@" in parts.netloc:
        raise _refused("it has a user or a password")
    if parts.netloc.endswith(":") or port == 0 or not _is_host(host, bracketed="[" in parts.netloc):
        raise _refused("its host or its port is none")
    return text


def _is_host(host: str, *, bracketed: bool) -> bool:
    """Whether it is a name, an IPv4 address, or an IPv6 address in brackets."""
    if not bracketed:
        return len(host) <= MOST_HOST and _host(host) is not None
    try:
        IPv6Address(host)
    except ValueError:
        return False
    return "%" not in host


def _refused(why: str) -> InvalidInputError:
    return InvalidInputError("invalid_input", f"this address is not opened: {why}")

"""The lines that git and its credential helpers exchange, see gitcredentials(7) and git-credential(1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import BinaryIO

import msgspec

from palyra_kernel.cli.credential.helper import Document
from palyra_kernel.errors import InvalidInputError

_PROTOCOL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*", re.ASCII)
_KNOWN = frozenset(
    ("protocol", "host", "path", "username", "password", "password_expiry_utc", "oauth_refresh_token")
)
_ENDS_A_LINE = frozenset("\n\r\0")


class Credential(Document, frozen=True):
    """What is kept for one user of one place. ``password_expiry_utc``: digits, seconds since 1970."""

    username: str
    password: str
    password_expiry_utc: str | None = None
    oauth_refresh_token: str | None = None


def read_attributes(stream: BinaryIO, limit: int) -> dict[str, str]:
    """The attributes that we know, up to the first empty line or the end; the last of several counts.

    Others, and those with ``[]``, are passed over. Raises :class:`InvalidInputError` ``invalid_request``: no ``=``,
    no UTF-8, a carriage return or NUL in a value, or more than *limit* bytes.
    """
    attributes: dict[str, str] = {}
    left = limit
    while line := stream.readline(left + 1):
        left -= len(line)
        if left < 0:
            raise _refused(f"it has more than {limit} bytes")
        line = line.removesuffix(b"\n")
        if not line:
            break
        name, equals, value = line.partition(b"=")
        if not equals:
            raise _refused("a line has no '='")
        if (known := name.decode("ascii", "replace")) in _KNOWN:
            attributes[known] = _text(known, value)
    return attributes


def place_of(attributes: Mapping[str, str]) -> str:
    """``PROTOCOL://HOST`` and, if git tells it, ``/PATH``: what a password is kept for.

    A request without host is refused: whoever matched everything then gave passwords to any server (CVE-2020-11008).
    Only a path alone will do, which is how git asks for the key of a certificate.
    """
    protocol, host, path = (attributes.get(name, "") for name in ("protocol", "host", "path"))
    if not _PROTOCOL.fullmatch(protocol):
        raise _refused("it names no protocol")
    if "host" not in attributes or not (host or path):
        raise _refused("it names no host")
    if any(char in "/?#" or char.isspace() for char in host):
        raise _refused("its host is no host")
    return f"{protocol}://{host}" + (f"/{path}" if path else "")


def written(credential: Credential) -> bytes:
    """The answer to ``get``. Nothing in it can begin a line of its own (CVE-2020-5260)."""
    lines = [
        f"{name}={_whole(value)}\n"
        for name, value in msgspec.structs.asdict(credential).items()
        if value is not None
    ]
    return "".join(lines).encode()


def _text(name: str, value: bytes) -> str:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        text = "\0"
    if not _ENDS_A_LINE.isdisjoint(text):
        raise _refused(f"its {name} is no text of one line")
    if name == "password_expiry_utc" and not (text.isascii() and text.isdigit()):
        raise _refused(f"its {name} is no number")
    return text


def _whole(value: str) -> str:
    if not _ENDS_A_LINE.isdisjoint(value):
        raise InvalidInputError(
            "not_a_credential", "what is stored is no text of one line, which git cannot take"
        )
    return value


def _refused(why: str) -> InvalidInputError:
    return InvalidInputError("invalid_request", f"the request is not one of git's: {why}")

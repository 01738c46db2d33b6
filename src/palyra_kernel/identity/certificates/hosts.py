"""The names that a server is reached by: DNS names and addresses, each in one form and once."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import Self

import msgspec

from palyra_kernel.errors import InvalidInputError

MOST = 64
"""Names of one server."""

_MAX_BYTES = 253
_LABEL = r"(?!-)[a-z0-9-]{1,63}(?<!-)"
_DNS = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


class Hosts(msgspec.Struct, frozen=True):
    """What stands in the certificate of a server; made by :meth:`of`."""

    dns: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()

    @classmethod
    def of(cls, texts: Iterable[str]) -> Self:
        """*texts*, trimmed, in lower case, without blanks and without repetition, in the order they came in.

        Raises :class:`InvalidInputError` ``invalid_host``: none is left, more than 64 are, or one is neither a DNS
        name nor an IP address. A wildcard is none, and neither is a name that a browser takes for an address.
        """
        dns, addresses = dict[str, None](), dict[str, None]()
        for text in texts:
            if not isinstance(text, str):
                raise _invalid(f"a host name is text, not {type(text).__name__}")
            if plain := text.strip(" \t"):
                address = _address(plain)
                if address is not None:
                    addresses[address] = None
                else:
                    dns[_dns(plain)] = None
        if not 1 <= len(dns) + len(addresses) <= MOST:
            raise _invalid(f"a server has 1 to {MOST} names")
        return cls(tuple(dns), tuple(addresses))


def _address(text: str) -> str | None:
    """The one form of an IP address; None if it is none. One with a zone (``%eth0``) means nothing elsewhere."""
    if len(text) > _MAX_BYTES or "%" in text:
        return None
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


def _dns(text: str) -> str:
    if not text.isascii():
        raise _invalid("a host name in other letters is written in its ASCII form", "xn--...")
    plain = text.lower()
    if len(plain) > _MAX_BYTES or not _DNS.fullmatch(plain):
        raise _invalid("this is neither a DNS name nor an IP address")
    if _NUMBER.fullmatch(plain.rpartition(".")[2]):
        raise _invalid("a DNS name does not end in a number")
    return plain


def _invalid(message: str, hint: str | None = None) -> InvalidInputError:
    return InvalidInputError("invalid_host", message, hint=hint)

"""Where a listener is to listen: ``HOST:PORT`` of the configuration, and whether that is this machine alone."""

from __future__ import annotations

import ipaddress
import socket
from typing import NamedTuple, Self

from palyra_kernel.errors import InvalidInputError


class Address(NamedTuple):
    """``host`` is an IP address or a name; ``port`` 0 is one that is free."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str, name: str) -> Self | None:
        """``HOST:PORT``, an IPv6 address in brackets; None for an empty text: there is no such listener.

        Raises :class:`InvalidInputError` ``invalid_config``, which says that it is about ``gateway.NAME``.
        """
        if not text:
            return None
        host, colon, port = text.rpartition(":")
        if host[:1] == "[" and host[-1:] == "]":
            host = host[1:-1]
        elif ":" in host:
            host = ""
        if (
            not (colon and host and host.isprintable() and port.isascii() and port.isdecimal())
            or int(port) > 65_535
        ):
            raise InvalidInputError(
                "invalid_config",
                f"gateway.{name} is HOST:PORT, like 127.0.0.1:7443 or [::1]:7443",
                hint="every address of this machine is 0.0.0.0 or [::]",
            )
        return cls(host, int(port))

    @staticmethod
    def names_this_machine(text: str) -> bool:
        """Whether ``HOST`` or ``HOST:PORT``, as it stands in a request, is ``localhost`` or a loopback address."""
        host = text.rpartition(":")[0] if text.rpartition(":")[2].isdecimal() else text
        return host.lower() == "localhost" or _is_loopback(host.removeprefix("[").removesuffix("]"))

    @property
    def local(self) -> bool:
        """Whether nobody from elsewhere reaches it. A name other than ``localhost`` is not believed: what it means is
        up to others."""
        return self.host == "localhost" or _is_loopback(self.host)

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def is_local(listening: socket.socket) -> bool:
    """Whether *listening*, handed over by whoever started us, is reached from this machine alone."""
    if listening.family not in (socket.AF_INET, socket.AF_INET6):
        return True
    return _is_loopback(str(listening.getsockname()[0]))


def _is_loopback(text: str) -> bool:
    try:
        return ipaddress.ip_address(text.partition("%")[0]).is_loopback
    except ValueError:
        return False

"""Where a request goes: addresses of one strict form, and the list of hosts that the caller allows.

One pattern reads an address, and what it found is what is connected to: no second parser can read it otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from palyra_kernel.errors import DeniedError, InvalidInputError
from palyra_kernel.net.addresses import is_loopback, literal

MAX_URL = 8192
"""Characters of an address."""
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?(?P<query>\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?"
)
_HOST = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::(?P<port>[0-9]{1,5}))?")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True, repr=False)
class Target:
    """An address, in parts. Its text form shows no path and no query: those may hold a secret."""

    scheme: str
    host: str
    port: int
    resource: str
    """Path and query."""

    @property
    def place(self) -> str:
        """Host and port, as the list of hosts and errors name it."""
        return place_of(self.host, self.port)

    @property
    def authority(self) -> str:
        """What the header ``Host`` says."""
        return self.host if self.port == _PORTS[self.scheme] else f"{self.host}:{self.port}"

    def __repr__(self) -> str:
        return f"<Target {self.place}>"


def parse_url(url: str) -> Target:
    """The parts of *url*: ``https`` (or ``http``), a host, perhaps a port, path and query.

    Raises :class:`InvalidInputError` ``bad_url``, and ``bad_host`` as :func:`canonical_host` does. User names,
    fragments and anything but ASCII are refused.
    """
    found = _URL.fullmatch(url) if len(url) <= MAX_URL else None
    if found is None:
        raise InvalidInputError(
            "bad_url",
            "this is not an address that a request can go to",
            hint="https://host[:port][/path][?query], in ASCII, without user name and fragment",
        )
    scheme = found["scheme"]
    port = _port(found["port"], _PORTS[scheme])
    resource = (found["path"] or "/") + (found["query"] or "")
    return Target(scheme, canonical_host(found["host"]), port, resource)


def canonical_host(host: str) -> str:
    """*host* in lower case, if it is a name of the DNS or an address in its canonical spelling.

    Raises :class:`InvalidInputError` ``bad_host``: what one library takes for a name and another for an address
    (``0x7f.1``, ``127.1``, ``2130706433``) is neither here.
    """
    host = host.lower()
    labels = host.split(".")
    is_name = (
        len(host) <= 253
        and all(map(_LABEL.fullmatch, labels))
        and not _NUMBER.fullmatch(labels[-1])  # what ends in a number is an address
    )
    if not is_name and literal(host) is None:
        raise InvalidInputError(
            "bad_host",
            "this host is neither a name nor an address in its usual spelling",
            hint="names in ASCII (xn-- for others), four decimal numbers, or IPv6 in brackets",
        )
    return host


def _port(digits: str | None, default: int) -> int:
    port = default if digits is None else int(digits)
    if not 0 < port < 65536:
        raise InvalidInputError("bad_url", "a port is a number from 1 to 65535")
    return port


def place_of(host: str, port: int) -> str:
    """``host``, with the port unless it is that of https."""
    return host if port == _PORTS["https"] else f"{host}:{port}"


class Hosts:
    """The hosts a client may talk to, each by name and port. There is no pattern, and none listed means none allowed.

    *loopback* are hosts on this machine, for tests and development: each must resolve to loopback addresses alone,
    and may be spoken to without TLS. All others must be public, and are spoken to by TLS.
    """

    __slots__ = ("_loopback", "_public")

    def __init__(self, public: Iterable[str], loopback: Iterable[str] = ()) -> None:
        self._public = frozenset(map(_listed, _several(public)))
        self._loopback = frozenset(map(_listed, _several(loopback)))
        if both := self._public & self._loopback:
            raise InvalidInputError("bad_host", f"{min(both)} is either public or on this machine")

    def admitted(self, url: str) -> Target:
        """The parts of *url*, if a request may go there.

        Raises :class:`InvalidInputError` ``bad_url``, ``bad_host``; :class:`DeniedError` ``host_not_allowed``,
        ``not_https``.
        """
        target = parse_url(url)
        if target.place not in self._public | self._loopback:
            raise DeniedError(
                "host_not_allowed",
                f"{target.place} is not among the hosts of this client",
                hint="list the host, and the port unless it is 443",
            )
        if target.scheme != "https" and target.place not in self._loopback:
            raise DeniedError("not_https", f"{target.place} is spoken to by https alone")
        return target

    def on_this_machine(self, host: str, port: int) -> bool:
        """Whether this place was listed as one on loopback."""
        return place_of(host, port) in self._loopback


def _several(hosts: Iterable[str]) -> Iterable[str]:
    if isinstance(hosts, str):
        raise InvalidInputError("bad_host", "hosts are a list of names, not one text")
    return hosts


def _listed(entry: str) -> str:
    found = _HOST.fullmatch(entry)
    if found is None:
        raise InvalidInputError("bad_host", "an entry of the list of hosts is host or host:port")
    return place_of(canonical_host(found["host"]), _port(found["port"], _PORTS["https"]))


def divided(entries: Iterable[str]) -> tuple[list[str], list[str]]:
    """*entries* as the two lists that :class:`Hosts` takes: what is written as an address of this machine
    (``127.0.0.1:8080``, ``[::1]``) is the second; a name is never, whatever it resolves to."""
    public: list[str] = []
    here: list[str] = []
    for entry in map(_listed, _several(entries)):
        address = literal(entry[: entry.index("]") + 1] if entry.startswith("[") else entry.partition(":")[0])
        (here if address is not None and is_loopback(address) else public).append(entry)
    return public, here

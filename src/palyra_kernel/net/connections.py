"""Connections to checked addresses, below the pool of httpcore2: it asks us for a host and gets a stream.

The pool knows names only. What a name resolves to is looked up and checked here, and the address that was checked is
the one that is connected to. TLS is about the name again.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import ssl
from collections.abc import Iterable
from typing import Any

import httpcore2

from palyra_kernel.errors import PalyraError, UnavailableError
from palyra_kernel.net.addresses import Address
from palyra_kernel.net.exchange import Exchange
from palyra_kernel.net.hosts import Hosts
from palyra_kernel.net.lookup import Resolver, checked_addresses
from palyra_kernel.values.deadline import Deadline

_SOCKET_OPTIONS = Iterable[Any]
_SOON = 0.001


def _exchange(timeout: object) -> Exchange:
    """The request on whose behalf the transport calls; without one there are no limits, so there is no call."""
    if not isinstance(timeout, Exchange):
        raise PalyraError("internal", "an operation on a connection that belongs to no request")
    return timeout


class PinnedBackend(httpcore2.NetworkBackend):
    """Connects to the addresses of allowed hosts."""

    def __init__(self, hosts: Hosts, resolver: Resolver) -> None:
        self._hosts = hosts
        self._resolver = resolver

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: _SOCKET_OPTIONS | None = None,
    ) -> httpcore2.NetworkStream:
        """A stream to the first address of *host* that answers."""
        exchange = _exchange(timeout)
        exchange.seconds()
        loopback = self._hosts.on_this_machine(host, port)
        addresses = checked_addresses(self._resolver, host, port, exchange.deadline, loopback=loopback)
        for number, address in enumerate(addresses):
            # A share of what is left for each, so that one that swallows everything leaves time for the others.
            share = exchange.seconds() / (len(addresses) - number)
            with contextlib.suppress(OSError):
                return Stream(connected(address, port, Deadline.after(share)))
        exchange.seconds()
        raise UnavailableError(
            "connect_failed",
            f"no connection to {host}: nothing was sent",
            hint="check the network and the host",
        )


def connected(address: Address, port: int, deadline: Deadline) -> socket.socket:
    """A socket to *address*. Raises ``OSError``."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(max(deadline.remaining(), _SOON))  # zero would mean not to wait at all
        sock.connect((str(address), port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        sock.close()
        raise
    return sock


class Stream(httpcore2.NetworkStream):
    """Bytes to and from one address, within the limits of the request they belong to."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        """The same connection inside TLS, with a certificate for *server_hostname*."""
        exchange = _exchange(timeout)
        name = (server_hostname or "").strip("[]")
        try:
            self._sock.settimeout(exchange.seconds())
            # An end that TLS did not announce may be somebody else's: it is an error, not the end of a body.
            sock = ssl_context.wrap_socket(self._sock, server_hostname=name, suppress_ragged_eofs=False)
        except TimeoutError:
            self.close()
            raise
        except OSError as error:
            self.close()
            raise tls_failed(name, error) from error
        return Stream(sock)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """At most *max_bytes*; none at the end."""
        exchange = _exchange(timeout)
        wanted = exchange.allowance(max_bytes)
        self._sock.settimeout(exchange.seconds())
        data = self._sock.recv(wanted)
        exchange.took(len(data))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """All of *buffer*."""
        exchange = _exchange(timeout)
        exchange.seconds()
        exchange.sent = True
        view = memoryview(buffer)
        try:
            while view:
                self._sock.settimeout(exchange.seconds())
                view = view[self._sock.send(view) :]
        except ConnectionError as error:
            # A server may refuse before it has read all: its answer is read first, if there is one.
            raise httpcore2.WriteError from error

    def close(self) -> None:
        """Let go of the connection. Safe to call twice."""
        self._sock.close()

    def get_extra_info(self, info: str) -> Any:
        """What the pool asks: the TLS object, and whether an idle connection says something."""
        if info == "ssl_object" and isinstance(self._sock, ssl.SSLSocket):
            return self._sock
        return self._has_news() if info == "is_readable" else None

    def _has_news(self) -> bool:
        """Whether an idle connection was closed or has bytes that nobody asked for: neither is used again."""
        if isinstance(self._sock, ssl.SSLSocket) and self._sock.pending():
            return True
        with selectors.DefaultSelector() as selector:
            selector.register(self._sock, selectors.EVENT_READ)
            return bool(selector.select(0))


def tls_failed(host: str, error: OSError) -> UnavailableError:
    """The error for a handshake that failed. OpenSSL's reason names no secret: it has seen none yet."""
    reason = getattr(error, "verify_message", "") or getattr(error, "reason", "") or type(error).__name__
    return UnavailableError(
        "tls_failed",
        f"no trusted connection to {host} ({reason}): nothing was sent",
        hint="check the certificate of the host, the clock of this machine and its certificate authorities",
    )

"""One connection by TLS to one server, with a context of the caller's: for gateways, which any address may have.

What was checked of the server is in the context; where that is nothing yet, :attr:`Link.leaf` says whom it is about.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Iterator
from typing import Self

import httpcore2

from palyra_kernel.errors import DeniedError, PalyraError, UnavailableError
from palyra_kernel.net.addresses import literal
from palyra_kernel.net.answers import checked_head, whole_body
from palyra_kernel.net.connections import Stream, connected, tls_failed
from palyra_kernel.net.exchange import Exchange, too_large
from palyra_kernel.net.failures import as_ours
from palyra_kernel.net.hosts import Target, parse_url
from palyra_kernel.net.limits import Limits
from palyra_kernel.net.lookup import Resolver, found_addresses, system_resolver
from palyra_kernel.net.messages import HttpRequest, HttpResponse
from palyra_kernel.net.quiet import quiet
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.sensitive import SensitiveBytes

LIMITS = Limits(body_bytes=256 * 1024, connections=1)
LINE_BYTES = 65_536


class Link:
    """HTTP/1.1 to the one place of *url* (``https://host[:port]``). For one thread at a time; :meth:`close` from any.

    Nothing of the environment is read, nothing is sent again by itself, no redirect is followed. Raises
    :class:`InvalidInputError` ``bad_url``, ``bad_host``; :class:`UnavailableError` ``name_not_found``,
    ``connect_failed``, ``connect_timeout``, ``tls_failed``.
    """

    def __init__(
        self,
        url: str,
        context: ssl.SSLContext,
        *,
        limits: Limits = LIMITS,
        deadline: Deadline | None = None,
        resolver: Resolver = system_resolver,
    ) -> None:
        self._target = parse_url(url)
        self._base = f"https://{self._target.authority}"
        self._limits = limits
        self.answered = False
        """Whether the server said anything. With TLS 1.3 a client that is refused sees a good handshake first."""
        self._sock = _handshake(self._target, context, Exchange(limits, deadline), resolver)
        self.leaf = self._sock.getpeercert(binary_form=True) or b""
        """The certificate that the server showed, DER."""
        origin = httpcore2.Origin(b"https", self._target.host.encode(), self._target.port)
        self._connection = httpcore2.HTTP11Connection(origin, Stream(self._sock), limits.idle_seconds)

    @property
    def host(self) -> str:
        """The name or address that the server was reached by."""
        return self._target.host.strip("[]")

    @property
    def usable(self) -> bool:
        """Whether another request may be sent: it is open, and not for long without one."""
        return not self._connection.is_closed() and not self._connection.has_expired()

    def send(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        content_type: str = "application/json",
        deadline: Deadline | None = None,
    ) -> HttpResponse:
        """The answer to one request, whatever its status.

        Raises, besides what :meth:`HttpClient.send` does: :class:`DeniedError` ``not_admitted``: the server does not
        take the certificate of this client; :class:`UnavailableError` ``cut_off``: it closed the connection without a
        word.
        """
        exchange = Exchange(self._limits, deadline)
        outcome = self._outcome(method, path, body, content_type, exchange)
        if isinstance(outcome, PalyraError):
            self.close()
            raise outcome  # here, where no frame of the transport hangs on it
        return outcome

    def lines(self, path: str, *, idle_seconds: float = 45.0, most: int = LINE_BYTES) -> Iterator[bytes]:
        """The lines of an answer that goes on, without their ends; over when the server ends it.

        Raises as :meth:`send`, ``timeout`` if nothing came for so long, ``response_too_large`` for a line over
        *most* bytes, :class:`UnavailableError` ``bad_status``.
        """
        flow = _Flow(self._limits, None)
        try:
            with quiet():
                response = self._begun("GET", path, None, "", flow)
            flow.body_begins()
            if response.status != 200:
                raise UnavailableError(
                    "bad_status", f"{self.host} answered with the status {response.status}"
                )
            yield from self._split(response, flow, idle_seconds, most)
        except Exception as error:  # noqa: BLE001  # whatever it is, its frames hold the request: none may pass
            ours: PalyraError | None = self._ours(error, flow)
        else:
            ours = None
        finally:
            self.close()
        if ours is not None:
            raise ours

    def _split(
        self, response: httpcore2.Response, flow: _Flow, idle_seconds: float, most: int
    ) -> Iterator[bytes]:
        rest = b""
        flow.go_on(idle_seconds)
        for part in response.iter_stream():
            *whole, rest = (rest + part).split(b"\n")
            if len(rest) > most or any(len(line) > most for line in whole):
                raise too_large("line")
            yield from whole
            flow.go_on(idle_seconds)

    def _outcome(
        self, method: str, path: str, body: bytes | None, content_type: str, exchange: Exchange
    ) -> HttpResponse | PalyraError:
        try:
            with quiet():
                response = self._begun(method, path, body, content_type, exchange)
                received_at = time.time()
                try:
                    exchange.body_begins()
                    content = whole_body(response, self._limits.body_bytes)
                finally:
                    response.close()
            return HttpResponse(response.status, response.headers, content, received_at)
        except Exception as error:  # noqa: BLE001  # whatever it is, its frames hold the request: none may pass
            return self._ours(error, exchange)

    def _begun(
        self, method: str, path: str, body: bytes | None, content_type: str, exchange: Exchange
    ) -> httpcore2.Response:
        headers = {"content-type": content_type} if body is not None else {}
        sent = HttpRequest(
            method, self._base + path, headers, body=None if body is None else SensitiveBytes(body)
        )
        target = parse_url(sent.url)
        fields, content = sent.wire(target)
        url = httpcore2.URL(
            scheme=b"https", host=target.host.encode(), port=target.port, target=target.resource.encode()
        )
        limits = {"connect": exchange, "read": exchange, "write": exchange, "pool": exchange.seconds()}
        request = httpcore2.Request(
            method, url, headers=fields, content=content, extensions={"timeout": limits}
        )
        try:
            response = self._connection.handle_request(request)
        finally:
            self.answered = self.answered or exchange.received > 0
        try:
            checked_head(response, self.host, exchange)
        except BaseException:
            response.close()
            raise
        return response

    def _ours(self, error: Exception, exchange: Exchange) -> PalyraError:
        if self.answered or not exchange.sent or isinstance(error, TimeoutError):
            return as_ours(error, self.host, exchange)
        if isinstance(error, ssl.SSLError) and "ALERT" in (error.reason or "").upper():
            return DeniedError(
                "not_admitted",
                f"{self.host} does not admit this device ({error.reason})",
                hint="palyra device renew; if the device was revoked, it is paired again",
            )
        if exchange.ended or isinstance(error, OSError | httpcore2.NetworkError):
            return UnavailableError("cut_off", f"{self.host} closed the connection without an answer")
        return as_ours(error, self.host, exchange)

    def close(self) -> None:
        """End it; a request under way fails. Safe to call twice."""
        with contextlib.suppress(OSError, ValueError):
            self._sock.shutdown(socket.SHUT_RDWR)  # or a read in another thread would go on
        with quiet():
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Link {self._target.place}>"


class _Flow(Exchange):
    """An exchange without an end: each part of it has a time and a size of its own."""

    __slots__ = ()

    def go_on(self, seconds: float) -> None:
        """The next part may take so long."""
        self._total = Deadline.after(seconds)
        self.left = self._limits.wire_bytes


def _handshake(
    target: Target, context: ssl.SSLContext, exchange: Exchange, resolver: Resolver
) -> ssl.SSLSocket:
    name = target.host.strip("[]")
    known = literal(target.host)
    deadline = exchange.deadline
    addresses = [known] if known is not None else found_addresses(resolver, name, target.port, deadline)
    for number, address in enumerate(addresses):
        share = Deadline.after(exchange.seconds() / (len(addresses) - number))
        with contextlib.suppress(OSError):
            sock = connected(address, target.port, share)
            break
    else:
        exchange.seconds()
        raise UnavailableError(
            "connect_failed",
            f"no connection to {name}: nothing was sent",
            hint="check the network and the address",
        )
    try:
        sock.settimeout(exchange.seconds())
        return context.wrap_socket(sock, server_hostname=name, suppress_ragged_eofs=False)
    except TimeoutError:
        sock.close()
        raise exchange.late() from None
    except OSError as error:
        sock.close()
        raise tls_failed(name, error) from None

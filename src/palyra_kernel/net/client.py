"""The client: one pool of connections, one list of hosts, and one door through which every request goes."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Self

import httpcore2

from palyra_kernel.errors import DeniedError, IntegrityError, PalyraError, UnavailableError
from palyra_kernel.net.connections import PinnedBackend
from palyra_kernel.net.exchange import Exchange, too_large
from palyra_kernel.net.failures import as_ours, malformed
from palyra_kernel.net.hosts import Hosts, Target
from palyra_kernel.net.limits import Limits
from palyra_kernel.net.lookup import Resolver, system_resolver
from palyra_kernel.net.messages import HttpRequest, HttpResponse
from palyra_kernel.net.quiet import quiet
from palyra_kernel.net.trust import client_context
from palyra_kernel.redact import redact_text
from palyra_kernel.values.deadline import Deadline

_LOCATION_HOST = re.compile(
    rb"(?:https?:)?//(?:[^/?#@\\]*@)?([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?=[:/?#]|$)"
)
_KEPT_IDLE = 4


class HttpClient:
    """Sends requests to *hosts* (``host`` or ``host:port``), and to those of *loopback* on this machine, where tests
    and development may speak ``http``.

    *ca_file* replaces the operating system's certificate authorities. Nothing of the environment is read: no proxy,
    no ``.netrc``, no ``SSL_CERT_FILE``. Nothing is kept between requests but connections: no cookies, no
    credentials. Any number of threads may share a client. Use it in ``with``, or :meth:`close` it.

    Raises :class:`InvalidInputError` ``bad_host``, ``bad_ca_file``; :class:`UnavailableError` ``no_authorities``.
    """

    def __init__(
        self,
        hosts: Iterable[str],
        *,
        loopback: Iterable[str] = (),
        limits: Limits | None = None,
        ca_file: Path | None = None,
        resolver: Resolver = system_resolver,
    ) -> None:
        self._hosts = Hosts(hosts, loopback)
        self._limits = limits or Limits()
        self._closed = False
        self._pool = httpcore2.ConnectionPool(
            ssl_context=client_context(ca_file),
            max_connections=self._limits.connections,
            max_keepalive_connections=min(_KEPT_IDLE, self._limits.connections),
            keepalive_expiry=self._limits.idle_seconds,
            retries=0,
            network_backend=PinnedBackend(self._hosts, resolver),
        )

    def send(self, request: HttpRequest, *, deadline: Deadline | None = None) -> HttpResponse:
        """The answer to *request*, whatever its status; sent once, never again by itself.

        Raises :class:`InvalidInputError` for a request that cannot be sent; :class:`DeniedError`
        ``host_not_allowed``, ``not_https``, ``address_not_public``, ``address_not_loopback``, ``redirect_refused``;
        :class:`UnavailableError` ``name_not_found``, ``too_many_lookups``, ``connect_failed``, ``connect_timeout``,
        ``tls_failed``, ``timeout``, ``connection_lost``, ``closed``; :class:`IntegrityError` ``response_too_large``,
        ``response_malformed``, ``response_encoded``. After the codes of :data:`NOTHING_SENT` nothing left this
        machine. No error shows a header field, a form field or a body.
        """
        outcome = self._outcome(request, Exchange(self._limits, deadline))
        if isinstance(outcome, PalyraError):
            raise outcome  # here, where no frame and no cause of the transport hangs on it
        return outcome

    def _outcome(self, request: HttpRequest, exchange: Exchange) -> HttpResponse | PalyraError:
        host = "the host"
        try:
            if self._closed:
                return UnavailableError("closed", "this client is closed")
            target = self._hosts.admitted(request.url)
            host = target.host
            with quiet():
                return self._exchanged(request, target, exchange)
        except Exception as error:  # noqa: BLE001  # whatever it is, its frames hold the request: none may pass
            return as_ours(error, host, exchange)

    def _exchanged(self, request: HttpRequest, target: Target, exchange: Exchange) -> HttpResponse:
        fields, content = request.wire(target)
        limits = {"connect": exchange, "read": exchange, "write": exchange, "pool": exchange.seconds()}
        url = httpcore2.URL(
            scheme=target.scheme.encode(),
            host=target.host.encode(),
            port=target.port,
            target=target.resource.encode(),
        )
        response = self._pool.handle_request(
            httpcore2.Request(
                request.method, url, headers=fields, content=content, extensions={"timeout": limits}
            )
        )
        received_at = time.time()
        try:
            _checked_head(response, target, exchange)
            exchange.body_begins()
            body = self._body(response)
        finally:
            response.close()  # and the connection too, unless all of the answer was read
        return HttpResponse(response.status, response.headers, body, received_at)

    def _body(self, response: httpcore2.Response) -> bytearray:
        body = bytearray()
        for part in response.iter_stream():
            if len(body) + len(part) > self._limits.body_bytes:
                body[:] = bytes(len(body))
                raise too_large("body")
            body += part
        return body

    def close(self) -> None:
        """Close all connections. Safe to call twice; requests under way fail."""
        self._closed = True
        with quiet():
            self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<HttpClient{' closed' if self._closed else ''}>"


def _checked_head(response: httpcore2.Response, target: Target, exchange: Exchange) -> None:
    """Refuse what is no plain answer to this request, before a byte of its body is read."""
    names = [name.lower() for name, _ in response.headers]
    both = b"content-length" in names and b"transfer-encoding" in names
    if not exchange.received or both or response.status < 200:
        # An answer that was there before the request, one with two lengths, another protocol.
        raise malformed(target.host)
    if 300 <= response.status < 400 and response.status != 304:
        raise _redirect_refused(response, target)
    for name, value in response.headers:
        if name.lower() == b"content-encoding" and value.strip().lower() not in (b"", b"identity"):
            raise IntegrityError(
                "response_encoded", f"{target.host} compressed its answer, which was not asked for"
            )


def _redirect_refused(response: httpcore2.Response, target: Target) -> DeniedError:
    where = "somewhere else"
    for name, value in response.headers:
        if name.lower() == b"location":
            found = _LOCATION_HOST.match(value)
            where = redact_text(found[1].decode("ascii")) if found else "another address of its own"
    return DeniedError(
        "redirect_refused",
        f"{target.host} redirects ({response.status}) to {where}: not followed",
        hint="a credential is sent to the host it is for; configure the final address",
    )

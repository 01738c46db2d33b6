"""The client: one pool of connections, one list of hosts, and one door through which every request goes."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Self

import httpcore2

from palyra_kernel.errors import PalyraError, UnavailableError
from palyra_kernel.net.answers import checked_head, whole_body
from palyra_kernel.net.connections import PinnedBackend
from palyra_kernel.net.exchange import Exchange
from palyra_kernel.net.failures import as_ours
from palyra_kernel.net.hosts import Hosts, Target
from palyra_kernel.net.limits import Limits
from palyra_kernel.net.lookup import Resolver, system_resolver
from palyra_kernel.net.messages import HttpRequest, HttpResponse
from palyra_kernel.net.quiet import quiet
from palyra_kernel.net.trust import client_context
from palyra_kernel.values.deadline import Deadline

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
            checked_head(response, target.host, exchange)
            exchange.body_begins()
            body = whole_body(response, self._limits.body_bytes)
        finally:
            response.close()  # and the connection too, unless all of the answer was read
        return HttpResponse(response.status, response.headers, body, received_at)

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

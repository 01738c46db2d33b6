"""HTTP clients by the hosts they may talk to: one for each set of hosts, shared by all threads and closed together.

A client of its own for each adapter is what keeps one provider's credential from another provider's host; one for
each call would begin with a new connection, a new handshake and the reading of all certificate authorities.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Self

from palyra_kernel.errors import UnavailableError
from palyra_kernel.net import Limits
from palyra_kernel.net.hosts import divided
from palyra_kernel.net.lookup import Resolver, system_resolver

if TYPE_CHECKING:
    from palyra_kernel.net import HttpClient

MOST_IDLE = 32
"""Clients that are kept while nobody uses them; the one that was used longest ago is closed first."""
LIMITS = Limits(connections=32)
"""Ten seconds, 64 KiB, and as many connections as there are refreshes at one time."""


class _Shared:
    __slots__ = ("client", "users")

    def __init__(self, client: HttpClient) -> None:
        self.client = client
        self.users = 0


class HttpClients:
    """Clients for sets of hosts. What is written as an address of this machine may be spoken to by ``http``; every
    other host is public and spoken to by ``https``.

    *ca_file* replaces the operating system's certificate authorities. Use it in ``with``, or :meth:`close` it.
    """

    def __init__(
        self, *, ca_file: Path | None = None, limits: Limits = LIMITS, resolver: Resolver = system_resolver
    ) -> None:
        self._ca_file = ca_file
        self._limits = limits
        self._resolver = resolver
        self._lock = Lock()
        self._shared: OrderedDict[frozenset[str], _Shared] = OrderedDict()
        self._closed = False

    @contextmanager
    def to(self, hosts: Iterable[str]) -> Iterator[HttpClient]:
        """The client for *hosts* (``host`` or ``host:port``), for the length of the block; do not close it.

        Raises :class:`UnavailableError` ``closed``, and what :class:`HttpClient` raises when it is made.
        """
        public, here = divided(hosts)
        key = frozenset((*public, *here))
        shared = self._taken(key, public, here)
        try:
            yield shared.client
        finally:
            self._left(key, shared)

    def _taken(self, key: frozenset[str], public: list[str], here: list[str]) -> _Shared:
        with self._lock:
            if self._closed:
                raise UnavailableError("closed", "these clients are closed")
            shared = self._shared.get(key)
            if shared is None:
                from palyra_kernel.net import HttpClient  # whoever sends nothing does not pay for it

                client = HttpClient(
                    public, loopback=here, limits=self._limits, ca_file=self._ca_file, resolver=self._resolver
                )
                shared = self._shared[key] = _Shared(client)
            shared.users += 1
            return shared

    def _left(self, key: frozenset[str], shared: _Shared) -> None:
        with self._lock:
            shared.users -= 1
            if key in self._shared:
                self._shared.move_to_end(key)
            idle = [key for key, each in self._shared.items() if not each.users]
            surplus = [self._shared.pop(key).client for key in idle[: max(0, len(idle) - MOST_IDLE)]]
        for client in surplus:
            client.close()

    def close(self) -> None:
        """Close all of them. Safe to call twice; requests under way fail."""
        with self._lock:
            self._closed = True
            clients = [each.client for each in self._shared.values()]
            self._shared.clear()
        for client in clients:
            client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<HttpClients {len(self._shared)}>"

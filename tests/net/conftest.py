"""Servers with certificates, and clients that trust them."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from palyra_kernel.errors import PalyraError
from palyra_kernel.net import HttpClient, HttpRequest, Limits
from tests.net.authority import Authority
from tests.net.server import Script, Server

NAME = "issuer.test"


class Net:
    """What a test of this room needs: a server behind the name ``issuer.test``, and clients for it."""

    def __init__(self, authority: Authority, stack: ExitStack) -> None:
        self.authority = authority
        self._stack = stack

    def server(self, script: Script, *, tls: bool = True, name: str = NAME, expired: bool = False) -> Server:
        context = self.authority.server(name, expired=expired) if tls else None
        return self._stack.enter_context(Server(script, context))

    def client(self, *servers: Server, name: str = NAME, **options) -> HttpClient:
        options.setdefault("loopback", [f"{name}:{server.port}" for server in servers])
        options.setdefault("resolver", lambda host, port: ["127.0.0.1"])
        options.setdefault("ca_file", self.authority.ca_file)
        if "limits" in options and isinstance(options["limits"], dict):
            options["limits"] = Limits(**options["limits"])
        return self._stack.enter_context(HttpClient([], **options))

    def get(self, script: Script, *, tls: bool = True, path: str = "/", **options):
        """One request to a server with *script*."""
        server = self.server(script, tls=tls)
        scheme = "https" if tls else "http"
        return self.client(server, **options).send(
            HttpRequest("GET", f"{scheme}://{NAME}:{server.port}{path}")
        )

    def refused(self, script: Script, **options) -> PalyraError:
        """The error of one such request."""
        with pytest.raises(PalyraError) as caught:
            self.get(script, **options)
        return caught.value


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def net(authority):
    with ExitStack() as stack:
        yield Net(authority, stack)

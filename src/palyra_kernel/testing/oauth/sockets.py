"""The same through the real client, to a server on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import cast
from urllib.parse import urlsplit

import pytest

from palyra_kernel.contracts.oauth import OAuthFailure, OAuthGrant, OAuthRefreshAdapter, TokenReply
from palyra_kernel.net import HttpClient, HttpRequest, HttpResponse
from palyra_kernel.testing.oauth.base import AdapterRules, soon, tokens
from palyra_kernel.testing.oauth.wire import HttpReply
from palyra_kernel.values import Deadline


class Socket:
    """A token endpoint on loopback, and a client whose every request ends there, whatever host it is for."""

    def __init__(self) -> None:
        self.reply = HttpReply()
        self.half = False
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"place": self}))
        self.place = f"127.0.0.1:{self._server.server_port}"
        self._client = HttpClient([], loopback=[self.place])
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def send(self, request: HttpRequest, *, deadline: Deadline | None = None) -> HttpResponse:
        """As the client does, to our server."""
        detour = f"http://{self.place}{urlsplit(request.url).path}"
        return self._client.send(replace(request, url=detour), deadline=deadline)

    def close(self) -> None:
        """Close both sides."""
        self._client.close()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    place: Socket
    protocol_version = "HTTP/1.0"  # a connection for each request, and a body that ends with it

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        reply = self.place.reply
        fields = [
            name + b": " + value
            for name, value in reply.fields()
            if self.place.half or name != b"Content-Length"
        ]
        head = b"\r\n".join([b"HTTP/1.0 %d Said" % reply.status, b"Server: odd", *fields])
        body = reply.content()
        with suppress(OSError):  # the client stops reading what is too much
            self.wfile.write(head + b"\r\n\r\n" + (body[: len(body) // 2] if self.place.half else body))

    def log_message(self, format: str, *args: object) -> None:
        """Nowhere."""


class SocketRules(AdapterRules):
    """A double is what its author thought of."""

    @pytest.fixture
    def socket(self) -> Iterator[Socket]:
        """The server."""
        with closing(Socket()) as socket:
            yield socket

    def over(
        self,
        adapter: OAuthRefreshAdapter,
        grant: OAuthGrant,
        socket: Socket,
        reply: HttpReply,
        *,
        half: bool = False,
    ) -> TokenReply | OAuthFailure:
        """What comes of a refresh over the socket."""
        socket.reply, socket.half = reply, half
        return adapter.refresh(grant, cast("HttpClient", socket), soon())

    def test_it_is_the_same_over_a_socket(
        self, adapter: OAuthRefreshAdapter, grant: OAuthGrant, socket: Socket
    ) -> None:
        """Header fields in other cases and orders, bodies without a length, ten megabytes, half an answer."""
        reply = self.over(adapter, grant, socket, tokens(access_token="new"))
        assert isinstance(reply, TokenReply)
        assert reply.access_token.reveal() == b"new"
        refused = self.over(adapter, grant, socket, HttpReply(status=400, json={"error": "invalid_grant"}))
        assert isinstance(refused, OAuthFailure)
        assert (refused.code, refused.status) == ("invalid_grant", 400)
        for odd in (
            HttpReply(body=b"x" * 10_000_000),
            HttpReply(body=b"<html>", headers={"Content-Type": "text/html"}),
            HttpReply(status=307, headers={"Location": f"http://{socket.place}/elsewhere"}, body=b""),
        ):
            assert isinstance(self.over(adapter, grant, socket, odd), OAuthFailure)
        lost = self.over(adapter, grant, socket, tokens(), half=True)
        assert isinstance(lost, OAuthFailure)
        assert lost.sent

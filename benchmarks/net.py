"""Requests by our client beside bare httpx2, to a server on loopback in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2

from benchmarks.measure import Pair, Row, Side, measure
from benchmarks.scale import Scale
from palyra_kernel import SensitiveBytes
from palyra_kernel.net import HttpClient, HttpRequest

_SERVER = """
import socket, threading
def visit(sock):
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while b"\\r\\n\\r\\n" in (asked := sock.recv(65536)):
        while not asked.endswith(b"=end"):
            asked += sock.recv(65536)
        sock.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\nContent-Length: 8\\r\\n\\r\\n{"a": 1}')
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    threading.Thread(target=visit, args=(listener.accept()[0],), daemon=True).start()
"""


def rows(scale: Scale) -> Iterator[Row]:
    """A form with a token, answered by JSON: on a connection that is kept, and on a new one each time."""
    with _server() as port, SensitiveBytes(b"a token of forty bytes, more or less long") as token:
        place, url = f"127.0.0.1:{port}", f"http://127.0.0.1:{port}/token"
        request = HttpRequest("POST", url, form={"token": token, "last": "end"})
        form = {"token": token.reveal().decode(), "last": "end"}

        def ours(client: HttpClient) -> None:
            with client.send(request) as answer:
                _checked(answer.json())

        def bare(client: httpx2.Client) -> None:
            _checked(client.post(url, data=form).json())

        def ours_anew(_: int) -> None:
            with HttpClient([], loopback=[place]) as client:
                ours(client)

        def bare_anew(_: int) -> None:
            with httpx2.Client(trust_env=False) as client:
                bare(client)

        with HttpClient([], loopback=[place]) as kept, httpx2.Client(trust_env=False) as other:
            calls = scale.calls(500)
            pair = Side("palyra", lambda _: ours(kept), calls), Side("httpx2", lambda _: bare(other), calls)
            yield measure(Pair("request, kept connection", 0, *pair), scale)
        few = scale.calls(20)
        pair = Side("palyra", ours_anew, few), Side("httpx2", bare_anew, few)
        yield measure(Pair("request, new client", 0, *pair), scale)


def _checked(answer: object) -> None:
    if answer != {"a": 1}:
        raise RuntimeError("the wrong thing is measured")


@contextmanager
def _server() -> Iterator[int]:
    with subprocess.Popen([sys.executable, "-c", _SERVER], stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        try:
            yield int(server.stdout.readline())
        finally:
            server.kill()

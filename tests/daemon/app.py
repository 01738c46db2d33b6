"""A small application that says who it was told is asking."""

from __future__ import annotations

import asyncio
import json

from palyra_kernel.daemon.peers import peer_of


async def app(scope, receive, send):
    """``/self``; ``/stream``: a line every 20 ms; ``/body``; ``/slow``; ``/broken``; ``/large``: 2 MiB."""
    assert scope["type"] == "http"
    await {
        "/self": _self,
        "/stream": _stream,
        "/body": _body,
        "/slow": _slow,
        "/broken": _broken,
        "/large": _large,
    }[scope["path"]](scope, receive, send)


async def _self(scope, _receive, send):
    peer = peer_of(scope)
    said = {
        "principal": None if peer.principal is None else str(peer.principal),
        "door": peer.door,
        "source": peer.source,
        "http": scope["http_version"],
        "server": peer.tls.server_leaf.hex() if peer.tls else None,
    }
    await _answer(send, 200, json.dumps(said).encode())


async def _stream(scope, _receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    while not scope["state"]["stopping"].is_set():
        await send({"type": "http.response.body", "body": b'{"type":"ping"}\n', "more_body": True})
        await asyncio.sleep(0.02)
    await send({"type": "http.response.body", "body": b""})


async def _body(_scope, receive, send):
    await _answer(send, 200, b"%d" % len((await receive())["body"]))


async def _large(_scope, _receive, send):
    await _answer(send, 200, bytes(range(256)) * 8192)


async def _slow(_scope, _receive, send):
    await asyncio.sleep(0.5)
    await _answer(send, 200, b"done")


async def _broken(_scope, _receive, _send):
    raise RuntimeError("a secret of the application")


async def _answer(send, status, body):
    headers = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})

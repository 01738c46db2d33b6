"""Requests to an app without a network: a scope as a listener makes it, and what was sent for it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from palyra_kernel.daemon.peers import EXTENSION, Peer


class Answered(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes
    read: int

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def ask(app: Any, method: str, path: str, *, peer: Peer | None, **options: Any) -> Answered:
    """One request from *peer*, and the whole answer."""
    return asyncio.run(asking(app, method, path, peer=peer, **options))


async def asking(
    app: Any,
    method: str,
    path: str,
    *,
    peer: Peer | None,
    body: bytes | Iterable[bytes] = b"",
    headers: dict[str, str] | None = None,
    raw_path: bytes | None = None,
    query: bytes = b"",
) -> Answered:
    """The same in a loop that runs. ``read`` of the answer: how many pieces of the body were taken."""
    pieces = iter([body] if isinstance(body, bytes) else body)
    taken = 0
    after = next(pieces)

    async def receive() -> dict[str, Any]:
        nonlocal taken, after
        taken += 1
        now, after = after, next(pieces, None)  # type: ignore[assignment]
        return {"type": "http.request", "body": now or b"", "more_body": after is not None}

    status, found, sent = 0, {}, bytearray()

    async def send(message: dict[str, Any]) -> None:
        nonlocal status, found
        if message["type"] == "http.response.start":
            status = message["status"]
            found = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            sent.extend(message.get("body", b""))

    scope = {
        "type": "http",
        "http_version": "2",
        "method": method,
        "path": path,
        "raw_path": path.encode() if raw_path is None else raw_path,
        "query_string": query,
        "headers": [(name.encode(), value.encode()) for name, value in (headers or {}).items()],
        "extensions": {} if peer is None else {EXTENSION: peer},
        "state": {},
    }
    await app(scope, receive, send)
    return Answered(status, found, bytes(sent), taken)

"""The body of a request: whole, within a limit and in time, before anybody is asked to answer it.

So hypercorn's queue of pieces is always read to its end: one that is not keeps its connection for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from starlette.types import Message, Receive, Scope, Send

_DIGITS = 15


class BodyError(Exception):
    """It is not whole. *status*: what to answer; 0: nothing, the peer has gone."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def check_announced(headers: Iterable[tuple[bytes, bytes]], limit: int) -> None:
    """Raise :class:`BodyError` with 413 if more than *limit* bytes are announced: nothing of them is read."""
    for name, value in headers:
        if name == b"content-length" and (len(value) > _DIGITS or not value.isdigit() or int(value) > limit):
            raise BodyError(413)


async def read_body(receive: Receive, *, limit: int, seconds: float) -> bytes:
    """All of it, of up to *limit* bytes; more is refused as soon as it is there, whatever was announced.

    Raises :class:`BodyError` with 413 (too large), 408 (too late) or 0.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    raise BodyError(0)
                body += message.get("body", b"")
                if len(body) > limit:
                    raise BodyError(413)
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError:
        raise BodyError(408) from None


def replayed(body: bytes, receive: Receive) -> Receive:
    """*receive*, behind *body*."""
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def received() -> Message:
        return first.pop() if first else await receive()

    return received


async def refuse(status: int, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer *status* and nothing else, while what still comes of the body is thrown away. That the connection ends
    with it is said where the protocol has a word for it."""
    headers = [(b"content-length", b"0")]
    if scope["http_version"] != "2":
        headers.append((b"connection", b"close"))
    discarding = asyncio.create_task(discard(receive))
    try:
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body"})
    finally:
        discarding.cancel()


async def discard(receive: Receive) -> None:
    """All that comes, until the request is over or its peer has gone."""
    while (await receive())["type"] == "http.request":
        pass

"""The body of a request: judged by what it announces, counted while it comes, and waited for only so long."""

from __future__ import annotations

import anyio
from starlette.requests import ClientDisconnect, Request

from palyra_kernel.errors import InvalidInputError

SECONDS = 10.0
"""For all of a body."""


async def body_of(request: Request, limit: int) -> bytes:
    """All of it, at most *limit* bytes; what is longer is refused by its announced length, before anything is read.

    Raises :class:`InvalidInputError` ``body_too_large``, ``body_incomplete``.
    """
    announced = request.headers.get("content-length")
    if announced is not None and (len(announced) > 15 or not announced.isdecimal() or int(announced) > limit):
        raise _too_large(limit)
    body = bytearray()
    try:
        with anyio.fail_after(SECONDS):
            async for piece in request.stream():
                if len(body) + len(piece) > limit:
                    raise _too_large(limit)
                body += piece
    except (ClientDisconnect, TimeoutError):
        raise InvalidInputError("body_incomplete", "the body of the request did not come") from None
    return bytes(body)


def _too_large(limit: int) -> InvalidInputError:
    return InvalidInputError("body_too_large", f"a body of this request has at most {limit} bytes")

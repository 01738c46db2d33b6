"""The body of a request, as a verb takes it: within a limit of its own, below that of the listener."""

from __future__ import annotations

from starlette.requests import ClientDisconnect, Request

from palyra_kernel.errors import InvalidInputError


async def body_of(request: Request, limit: int) -> bytes:
    """All of it, at most *limit* bytes. What announces more is refused without being read; what lies about it, when it
    gets there.

    Raises :class:`InvalidInputError` ``body_too_large``, ``body_cut`` (the peer went).
    """
    announced = request.headers.get("content-length")
    if announced is not None and (len(announced) > 15 or not announced.isdecimal() or int(announced) > limit):
        raise _too_large(limit)
    body = bytearray()
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > limit:
                raise _too_large(limit)
    except ClientDisconnect:
        raise InvalidInputError("body_cut", "the peer went before its request was whole") from None
    return bytes(body)


def _too_large(limit: int) -> InvalidInputError:
    return InvalidInputError("body_too_large", f"a request here has up to {limit} bytes")

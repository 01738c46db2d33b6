"""The body of a request: judged by what it announces, before anything of it is read."""

from __future__ import annotations

from starlette.requests import Request

from palyra_kernel.daemon.bodies import read_body
from palyra_kernel.errors import InvalidInputError


async def body_of(request: Request, limit: int) -> bytes:
    """All of it, at most *limit* bytes. What announces more is refused without being read; what lies about it, when it
    gets there.

    Raises :class:`InvalidInputError` ``body_too_large``, and what :func:`read_body` raises.
    """
    announced = request.headers.get("content-length")
    if announced is not None and (len(announced) > 15 or not announced.isdecimal() or int(announced) > limit):
        raise InvalidInputError("body_too_large", f"a request here has up to {limit} bytes")
    return await read_body(request.receive, limit=limit)

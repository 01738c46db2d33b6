"""The body of a request: whole, within a limit and in time."""

from __future__ import annotations

import anyio
from starlette.types import Receive

from palyra_kernel.errors import InvalidInputError

MAX_BYTES = 65_536
SECONDS = 10.0


async def read_body(receive: Receive, *, limit: int = MAX_BYTES, seconds: float = SECONDS) -> bytes:
    """All of it, of up to *limit* bytes; more is refused as soon as it is there, whatever a header promised.

    Raises :class:`InvalidInputError` ``body_too_large`` (status 413), ``body_late`` (408), ``body_cut``
    (the peer went).
    """
    body = bytearray()
    try:
        with anyio.fail_after(seconds):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    raise InvalidInputError("body_cut", "the peer went before its request was whole")
                body += message.get("body", b"")
                if len(body) > limit:
                    raise InvalidInputError("body_too_large", f"a request here has up to {limit} bytes")
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError:
        raise InvalidInputError(
            "body_late", f"the request was not whole within {seconds:g} seconds"
        ) from None

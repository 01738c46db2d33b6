"""What the head of an answer must look like, and its body up to a limit."""

from __future__ import annotations

import re

import httpcore2

from palyra_kernel.errors import DeniedError, IntegrityError
from palyra_kernel.net.exchange import Exchange, too_large
from palyra_kernel.net.failures import malformed
from palyra_kernel.redact import redact_text

_LOCATION_HOST = re.compile(
    rb"(?:https?:)?//(?:[^/?#@\\]*@)?([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?=[:/?#]|$)"
)


def checked_head(response: httpcore2.Response, host: str, exchange: Exchange) -> None:
    """Refuse what is no plain answer to this request, before a byte of its body is read."""
    names = [name.lower() for name, _ in response.headers]
    both = b"content-length" in names and b"transfer-encoding" in names
    if not exchange.received or both or response.status < 200:
        # An answer that was there before the request, one with two lengths, another protocol.
        raise malformed(host)
    if 300 <= response.status < 400 and response.status != 304:
        raise _redirect_refused(response, host)
    for name, value in response.headers:
        if name.lower() == b"content-encoding" and value.strip().lower() not in (b"", b"identity"):
            raise IntegrityError("response_encoded", f"{host} compressed its answer, which was not asked for")


def _redirect_refused(response: httpcore2.Response, host: str) -> DeniedError:
    where = "somewhere else"
    for name, value in response.headers:
        if name.lower() == b"location":
            found = _LOCATION_HOST.match(value)
            where = redact_text(found[1].decode("ascii")) if found else "another address of its own"
    return DeniedError(
        "redirect_refused",
        f"{host} redirects ({response.status}) to {where}: not followed",
        hint="a credential is sent to the host it is for; configure the final address",
    )


def whole_body(response: httpcore2.Response, limit: int) -> bytearray:
    """The body of *response*. Raises :class:`IntegrityError` ``response_too_large`` beyond *limit* bytes."""
    body = bytearray()
    for part in response.iter_stream():
        if len(body) + len(part) > limit:
            body[:] = bytes(len(body))
            raise too_large("body")
        body += part
    return body

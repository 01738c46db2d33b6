"""What goes wrong below becomes an error of ours, with nothing of the request or the response in it."""

from __future__ import annotations

import ssl

import httpcore2

from palyra_kernel.errors import IntegrityError, PalyraError, UnavailableError
from palyra_kernel.net.exchange import Exchange


def as_ours(error: Exception, host: str, exchange: Exchange) -> PalyraError:
    """The error to raise for *error*: a new one, since what an old one drags along, its causes and the variables of
    its frames, holds header fields and bodies."""
    if isinstance(error, PalyraError):
        return type(error)(error.code, error.message, hint=error.hint)
    if isinstance(error, TimeoutError | httpcore2.TimeoutException):
        return exchange.late()
    if not exchange.sent and isinstance(error, OSError):
        return UnavailableError("connect_failed", f"no connection to {host}: nothing was sent")
    if exchange.ended or isinstance(error, ssl.SSLError | OSError | httpcore2.NetworkError):
        return UnavailableError(
            "connection_lost", f"{host} closed the connection early; it may have acted on the request"
        )
    if isinstance(error, httpcore2.RemoteProtocolError):
        return malformed(host)
    return PalyraError("internal", f"the request to {host} failed in the transport ({type(error).__name__})")


def malformed(host: str) -> IntegrityError:
    """The error for a response that is not HTTP, or one that two readers would understand in two ways."""
    return IntegrityError("response_malformed", f"what {host} answered is not a response of HTTP/1.1")

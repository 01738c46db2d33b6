"""One request, one answer or one failure: what the transport raises becomes a word about whether anything was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from palyra_kernel.auth.grammar.codes import (
    INVALID_RESPONSE,
    NETWORK,
    NOT_ALLOWED,
    NOT_CONFIGURED,
    REDIRECT_REFUSED,
)
from palyra_kernel.contracts.oauth import OAuthFailure
from palyra_kernel.errors import DeniedError, InvalidInputError, PalyraError, UnavailableError
from palyra_kernel.net import NOTHING_SENT, HttpRequest, HttpResponse
from palyra_kernel.values.deadline import Deadline

if TYPE_CHECKING:
    from palyra_kernel.net import HttpClient


def answer(http: HttpClient, request: HttpRequest, deadline: Deadline) -> HttpResponse | OAuthFailure:
    """What *request* is answered with, whatever its status; sent once."""
    try:
        return http.send(request, deadline=deadline)
    except PalyraError as error:
        return unanswered(error)


def unanswered(error: PalyraError) -> OAuthFailure:
    """The failure that *error* of the client is. ``sent`` is False after the codes of :data:`NOTHING_SENT` alone."""
    sent = error.code not in NOTHING_SENT
    if error.code == "redirect_refused":
        return OAuthFailure(code=REDIRECT_REFUSED)
    match error:
        case UnavailableError():
            return OAuthFailure(code=NETWORK, kind="transient", sent=sent)
        case DeniedError():
            return OAuthFailure(code=NOT_ALLOWED, kind="config_missing", sent=sent)
        case InvalidInputError():
            return OAuthFailure(code=NOT_CONFIGURED, kind="config_missing", sent=sent)
    return OAuthFailure(code=INVALID_RESPONSE, sent=sent)


def not_configured() -> OAuthFailure:
    """A question that could not be put together."""
    return OAuthFailure(code=NOT_CONFIGURED, kind="config_missing", sent=False)

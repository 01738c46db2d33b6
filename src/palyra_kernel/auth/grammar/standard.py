"""What most providers do alike. An adapter that has nothing of its own to say calls these."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Literal

import msgspec

from palyra_kernel.auth.grammar.codes import UNSUPPORTED
from palyra_kernel.auth.grammar.reply import failed, token_reply
from palyra_kernel.auth.grammar.requests import (
    introspection_request,
    refresh_request,
    revocation_request,
    userinfo_request,
)
from palyra_kernel.auth.grammar.retry_after import retry_after
from palyra_kernel.auth.grammar.sending import answer, not_configured
from palyra_kernel.contracts.oauth import (
    FailureKind,
    OAuthFailure,
    OAuthGrant,
    Preflight,
    ProviderResponse,
    TokenReply,
)
from palyra_kernel.errors import IntegrityError, InvalidInputError
from palyra_kernel.net import HttpRequest, HttpResponse
from palyra_kernel.values.deadline import Deadline

if TYPE_CHECKING:
    from palyra_kernel.net import HttpClient

Activity = Literal["active", "inactive", "unknown"]

_TOO_OLD = frozenset({"invalid_token", "expired_token", "token_expired"})
_USED_UP = frozenset(
    {
        "insufficient_quota",
        "quota_exceeded",
        "billing_error",
        "billing_hard_limit_reached",
        "insufficient_credits",
    }
)
_TOO_MANY = frozenset({"rate_limit_exceeded", "rate_limit_error", "slow_down"})


def standard_refresh(
    grant: OAuthGrant,
    http: HttpClient,
    deadline: Deadline,
    *,
    scopes: Iterable[str] = (),
    aliases: Mapping[str, str] | None = None,
) -> TokenReply | OAuthFailure:
    """Present ``grant.refresh_token`` at ``grant.metadata.token_endpoint``, once (RFC 6749, 6).

    *scopes* narrow the new token; without them it may do what the old one may. *aliases*: error codes of the provider's
    own, each with the standard's that means the same, like ``{"refresh_token_reused": "invalid_grant"}``.
    """
    try:
        request = refresh_request(grant, scopes)
    except InvalidInputError:
        return not_configured()
    found = answer(http, request, deadline)
    return found if isinstance(found, OAuthFailure) else token_reply(found, aliases=aliases)


def standard_revoke(grant: OAuthGrant, http: HttpClient, deadline: Deadline) -> OAuthFailure | None:
    """Revoke both tokens of *grant*, each with its hint, the refresh token first (RFC 7009). None if it is done: 200,
    also for a token that nobody knows. An issuer that revokes refresh tokens only has done what it can.

    Both are tried; the failure is that of the first that failed.
    """
    if not grant.metadata.revocation_endpoint:
        return OAuthFailure(code=UNSUPPORTED, kind="config_missing", sent=False)
    refresh = _revoked(grant, "refresh_token", http, deadline)
    access = _revoked(grant, "access_token", http, deadline)
    if access is not None and access.code == "unsupported_token_type" and grant.refresh_token is not None:
        access = None
    return refresh or access


def _revoked(
    grant: OAuthGrant, hint: Literal["access_token", "refresh_token"], http: HttpClient, deadline: Deadline
) -> OAuthFailure | None:
    token = grant.access_token if hint == "access_token" else grant.refresh_token
    if token is None:
        return None
    try:
        request = revocation_request(grant, token, hint)
    except InvalidInputError:
        return not_configured()
    found = answer(http, request, deadline)
    if isinstance(found, OAuthFailure):
        return found
    with found:
        return None if 200 <= found.status < 300 else failed(found)


class _Introspection(msgspec.Struct):
    active: bool


def standard_probe(grant: OAuthGrant, http: HttpClient, deadline: Deadline) -> Activity:
    """Whether ``grant.access_token`` still works: by introspection (RFC 7662), and where that has no answer, by asking
    ``userinfo`` with it. ``unknown`` is no answer: it is what there is without both."""
    if grant.access_token is None:
        return "inactive"
    said = _introspected(grant, http, deadline) if grant.metadata.introspection_endpoint else "unknown"
    if said == "unknown" and grant.metadata.userinfo_endpoint:
        return _tried(grant, http, deadline)
    return said


def _introspected(grant: OAuthGrant, http: HttpClient, deadline: Deadline) -> Activity:
    try:
        request = introspection_request(grant)
    except InvalidInputError:
        return "unknown"
    found = answer(http, request, deadline)
    if isinstance(found, OAuthFailure):
        return "unknown"
    with found:
        if found.status != 200:
            return "unknown"
        try:
            body: _Introspection = found.json(_Introspection)
        except IntegrityError:
            return "unknown"
        return "active" if body.active else "inactive"


def _tried(grant: OAuthGrant, http: HttpClient, deadline: Deadline) -> Activity:
    found = answer(http, userinfo_request(grant), deadline)
    if isinstance(found, OAuthFailure):
        return "unknown"
    with found:
        if found.status == 200:
            return "active"
        return "inactive" if found.status == 401 else "unknown"


def standard_classify(response: ProviderResponse) -> FailureKind | None:
    """Why a call failed, by the status first and then by the structured code; no text decides.

    What is left of 4xx is about the call, not about the credential: None.
    """
    status, code = response.status, response.code
    if status < 400:
        return None
    if status == 402 or (status in (403, 429) and code in _USED_UP):
        return "quota"
    if status == 429 or (status == 403 and code in _TOO_MANY):
        return "rate_limit"
    if status == 401 and code in _TOO_OLD:
        return "refresh_due"
    if status in (401, 403):
        return "auth_invalid"
    return "transient" if status >= 500 or status in (408, 425) else None


def standard_preflight(request: HttpRequest, http: HttpClient, deadline: Deadline) -> Preflight:
    """What became of *request*, a call with a key that costs nothing: 200 ``ok``, 401 and 403 ``invalid_credential``,
    429 ``rate_limited``, 5xx and no answer ``unavailable``, and anything else ``unexpected``."""
    found = answer(http, request, deadline)
    if isinstance(found, OAuthFailure):
        return Preflight(outcome="unavailable" if found.kind == "transient" else "unexpected")
    with found:
        return Preflight(outcome=_outcome(found), status=found.status, retry_after_seconds=retry_after(found))


def _outcome(
    response: HttpResponse,
) -> Literal["ok", "invalid_credential", "rate_limited", "unavailable", "unexpected"]:
    match response.status:
        case 200:
            return "ok"
        case 401 | 403:
            return "invalid_credential"
        case 429:
            return "rate_limited"
        case status if status >= 500:
            return "unavailable"
    return "unexpected"

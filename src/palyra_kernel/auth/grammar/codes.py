"""Codes of errors, and what each says of the credential."""

from __future__ import annotations

from palyra_kernel.contracts.oauth import FailureKind

ENDED = frozenset({"invalid_grant", "invalid_client", "unauthorized_client", "invalid_scope"})
"""The refresh token, or who presents it, is refused for good: only a login helps."""
LATER = frozenset({"temporarily_unavailable", "server_error", "slow_down"})
"""The server says itself that nothing is wrong but the moment."""
KNOWN = frozenset(
    {
        *ENDED,
        *LATER,
        *("invalid_request", "unsupported_grant_type", "access_denied"),  # RFC 6749
        *("authorization_pending", "expired_token"),  # RFC 8628
        "unsupported_token_type",  # RFC 7009
        *("invalid_token", "insufficient_scope"),  # RFC 6750
        *("invalid_target", "use_dpop_nonce", "invalid_dpop_proof"),  # RFC 8707, 9449
    }
)
"""Codes that a failure may carry. Others are whatever a server likes, a token that it repeats too."""

NETWORK = "network"
"""No whole answer came, or the server was not reached."""
HTTP_STATUS = "http_status"
"""An error without a code that we know; the status says what there is to say."""
INVALID_RESPONSE = "invalid_response"
"""An answer that is none: half of one, too much of one, no JSON, no token in it."""
REDIRECT_REFUSED = "redirect_refused"
"""The endpoint is somewhere else now; nothing was sent there."""
NOT_ALLOWED = "not_allowed"
"""The endpoint is none where a credential may go."""
NOT_CONFIGURED = "not_configured"
"""A part of the question is missing: the refresh token, the client's secret, the endpoint."""
UNSUPPORTED = "unsupported"
"""The issuer has no endpoint for this."""


def is_busy(status: int) -> bool:
    """Whether *status* speaks of the server and the moment, and not of what was asked."""
    return status >= 500 or status in (408, 425, 429)


def kind_of(code: str, status: int) -> FailureKind:
    """What a failure says of the credential: the status first, then the code."""
    if status == 429 or code == "slow_down":
        return "rate_limit"
    if is_busy(status) or code in LATER:
        return "transient"
    if status == 402:
        return "quota"
    return "auth_invalid" if code in ENDED else "refresh_failed"

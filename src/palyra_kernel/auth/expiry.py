"""When a token expires, as its issuer says it."""

from __future__ import annotations

from palyra_kernel.contracts.oauth import OAuthMetadata, TokenReply


def expiry_of(reply: TokenReply, metadata: OAuthMetadata, now_ms: int) -> int:
    """When the access token of *reply* expires."""
    seconds = reply.expires_in if isinstance(reply.expires_in, int) else metadata.default_lifetime
    return now_ms + seconds * 1000

"""What there is to know of OpenAI: where a login is refreshed and revoked, how a key is tried, what an error means.

::

    pip install palyra-oauth-openai
    palyra plugins enable openai

**Where secrets go.** Refresh tokens and client secrets to ``auth0.openai.com``, keys and access tokens to
``api.openai.com``; to no other host. The browser goes to ``auth.openai.com``, and takes none along.

**What it costs.** The HTTP client is imported when it is needed, by the methods that need it.

**What it does not do.** It decides nothing and keeps nothing: when a login is refreshed, and how long a key rests after
an error, is the kernel's business.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar, Literal

from palyra_kernel import OAuthMetadata, OAuthRefreshAdapter, hookimpl
from palyra_oauth_openai.errors import ENDED, kind_of

if TYPE_CHECKING:
    from palyra_kernel import (
        CredentialType,
        Deadline,
        FailureKind,
        HttpClient,
        OAuthFailure,
        OAuthGrant,
        Preflight,
        ProviderProfile,
        ProviderResponse,
        SensitiveBytes,
        TokenReply,
    )

__all__ = ["OpenAI"]

API = "https://api.openai.com/v1"
TRIES = 5
"""Of a key, while there is no connection; an answer is one, whatever it says."""

_METADATA = OAuthMetadata(
    authorization_endpoint="https://auth.openai.com/authorize",
    token_endpoint="https://auth0.openai.com/oauth/token",
    revocation_endpoint="https://auth0.openai.com/oauth/revoke",
    default_scopes=("openid", "profile", "email", "offline_access"),
    authorize_parameters={"audience": API},
    default_lifetime=3600,
)


class OpenAI(OAuthRefreshAdapter):
    """Logins by authorization code and PKCE, and API keys. Both are presented as RFC 6750 says."""

    provider: ClassVar[str] = "openai"
    hosts: ClassVar[tuple[str, ...]] = ("api.openai.com", "auth0.openai.com")
    pause_seconds: ClassVar[float] = 0.1
    """Between two tries of a key."""

    def metadata(self, profile: ProviderProfile, http: HttpClient, deadline: Deadline) -> OAuthMetadata:
        """Known, and the same for everybody: nothing is asked."""
        return _METADATA

    def refresh(self, grant: OAuthGrant, http: HttpClient, deadline: Deadline) -> TokenReply | OAuthFailure:
        """By the standard, but for three words for a token that is spent."""
        from palyra_kernel import standard_refresh

        return standard_refresh(grant, http, deadline, aliases=ENDED)

    def revoke(self, grant: OAuthGrant, http: HttpClient, deadline: Deadline) -> OAuthFailure | None:
        from palyra_kernel import standard_revoke

        return standard_revoke(grant, http, deadline)

    def classify(self, response: ProviderResponse) -> FailureKind | None:
        return kind_of(response)

    def preflight(self, key: SensitiveBytes, http: HttpClient, deadline: Deadline) -> Preflight:
        """The list of models, which costs nothing."""
        found = self._listed(key, "api_key", http, deadline)
        for _ in range(TRIES - 1):
            answered = found.outcome != "unavailable" or found.status
            if answered or deadline.expired:
                break
            time.sleep(min(self.pause_seconds, deadline.remaining()))
            found = self._listed(key, "api_key", http, deadline)
        return found

    def probe(
        self, grant: OAuthGrant, http: HttpClient, deadline: Deadline
    ) -> Literal["active", "inactive", "unknown"]:
        """The same list, asked for with the access token."""
        if grant.access_token is None:
            return "inactive"
        found = self._listed(grant.access_token, "oauth", http, deadline)
        if found.outcome == "ok":
            return "active"
        return "inactive" if found.status == 401 else "unknown"

    def _listed(
        self, credential: SensitiveBytes, kind: CredentialType, http: HttpClient, deadline: Deadline
    ) -> Preflight:
        from palyra_kernel import HttpRequest, standard_preflight

        fields = {"accept": "application/json", **self.headers(credential, kind)}
        return standard_preflight(HttpRequest("GET", f"{API}/models", headers=fields), http, deadline)


@hookimpl
def palyra_oauth_adapters() -> list[type[OAuthRefreshAdapter]]:
    return [OpenAI]

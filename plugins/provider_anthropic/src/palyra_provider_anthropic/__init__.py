"""What there is to know of Anthropic: how an API key is presented and tried, and what an error means.

::

    pip install palyra-provider-anthropic
    palyra plugins enable anthropic

**Where secrets go.** Keys to ``api.anthropic.com``, in the header field ``x-api-key``; to no other host.

**What it costs.** The HTTP client is imported when it is needed, by the method that needs it.

**What it does not do.** There are no logins: nothing is refreshed, and a token of some login is never sent as a key.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from palyra_kernel import (
    InvalidInputError,
    OAuthFailure,
    OAuthMetadata,
    OAuthRefreshAdapter,
    SensitiveBytes,
    hookimpl,
)
from palyra_provider_anthropic.errors import kind_of

if TYPE_CHECKING:
    from palyra_kernel import (
        CredentialType,
        Deadline,
        FailureKind,
        HttpClient,
        OAuthGrant,
        Preflight,
        ProviderProfile,
        ProviderResponse,
        TokenReply,
    )

__all__ = ["Anthropic"]

API = "https://api.anthropic.com/v1"
VERSION = "2023-06-01"
TRIES = 3
"""Of a key, while there is no answer or one of 5xx."""


class Anthropic(OAuthRefreshAdapter):
    """API keys alone."""

    provider: ClassVar[str] = "anthropic"
    hosts: ClassVar[tuple[str, ...]] = ("api.anthropic.com",)
    pause_seconds: ClassVar[float] = 0.1
    """Between two tries of a key."""

    def metadata(self, profile: ProviderProfile, http: HttpClient, deadline: Deadline) -> OAuthMetadata:
        """No endpoint: there is nobody to log in at."""
        return OAuthMetadata()

    def refresh(self, grant: OAuthGrant, http: HttpClient, deadline: Deadline) -> OAuthFailure | TokenReply:
        """Refused: a key has nothing that could be refreshed."""
        return OAuthFailure(code="unsupported", kind="config_missing", sent=False)

    def classify(self, response: ProviderResponse) -> FailureKind | None:
        return kind_of(response)

    def headers(self, credential: SensitiveBytes, kind: CredentialType) -> Mapping[str, str | SensitiveBytes]:
        """``x-api-key`` and the version of the API. Raises :class:`InvalidInputError` ``no_logins`` for a token."""
        if kind == "oauth":
            raise InvalidInputError(
                "no_logins",
                "anthropic takes API keys, and no tokens of a login",
                hint="palyra auth login anthropic --api-key-stdin",
            )
        return {"x-api-key": SensitiveBytes(credential.view()), "anthropic-version": VERSION}

    def preflight(self, key: SensitiveBytes, http: HttpClient, deadline: Deadline) -> Preflight:
        """``GET /v1/models``, which costs nothing."""
        from palyra_kernel import HttpRequest, standard_preflight

        fields = {"accept": "application/json", **self.headers(key, "api_key")}
        request = HttpRequest("GET", f"{API}/models", headers=fields)
        found = standard_preflight(request, http, deadline)
        for _ in range(TRIES - 1):
            if found.outcome != "unavailable" or deadline.expired:
                break
            time.sleep(min(self.pause_seconds, deadline.remaining()))
            found = standard_preflight(request, http, deadline)
        return found


@hookimpl
def palyra_oauth_adapters() -> list[type[OAuthRefreshAdapter]]:
    return [Anthropic]

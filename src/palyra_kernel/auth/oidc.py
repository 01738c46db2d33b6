"""The built-in adapter: any issuer that keeps to the standards, found by its address alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from palyra_kernel.auth.discovery import discovered
from palyra_kernel.auth.grammar.standard import (
    standard_classify,
    standard_probe,
    standard_refresh,
    standard_revoke,
)
from palyra_kernel.contracts.oauth import (
    FailureKind,
    OAuthFailure,
    OAuthGrant,
    OAuthMetadata,
    OAuthRefreshAdapter,
    Preflight,
    ProviderProfile,
    ProviderResponse,
    TokenReply,
)
from palyra_kernel.errors import DeniedError, InvalidInputError, NotFoundError
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.sensitive import SensitiveBytes

if TYPE_CHECKING:
    from palyra_kernel.net import HttpClient


class OidcAdapter(OAuthRefreshAdapter):
    """OAuth 2.0 and OpenID Connect. Its hosts are those of the profile's issuer and of the endpoints it named."""

    provider: ClassVar[str] = "oidc"

    def metadata(self, profile: ProviderProfile, http: HttpClient, deadline: Deadline) -> OAuthMetadata:
        """What the issuer's documents say, see :func:`~palyra_kernel.auth.discovery.discovered`.

        Raises also :class:`InvalidInputError` ``no_issuer``, :class:`NotFoundError` ``no_token_endpoint``, and
        :class:`DeniedError` ``endpoint_changed`` if the profile was settled with another token endpoint.
        """
        if not profile.issuer:
            raise InvalidInputError("no_issuer", "a login at an issuer needs the issuer's address")
        found = discovered(profile.issuer, http, deadline)
        if not found.token_endpoint:
            raise NotFoundError("no_token_endpoint", "the issuer's documents name no token endpoint")
        if profile.token_endpoint and profile.token_endpoint != found.token_endpoint:
            raise DeniedError(
                "endpoint_changed",
                "the profile's token endpoint is not the one that its issuer names",
                hint="log in again; a human approves the new endpoint",
            )
        return found

    def refresh(self, grant: OAuthGrant, http: HttpClient, deadline: Deadline) -> TokenReply | OAuthFailure:
        return standard_refresh(grant, http, deadline)

    def classify(self, response: ProviderResponse) -> FailureKind | None:
        return standard_classify(response)

    def preflight(self, key: SensitiveBytes, http: HttpClient, deadline: Deadline) -> Preflight:
        """An issuer has logins and no keys: there is no call that all of them understand."""
        return Preflight(outcome="unexpected")

    def revoke(self, grant: OAuthGrant, http: HttpClient, deadline: Deadline) -> OAuthFailure | None:
        return standard_revoke(grant, http, deadline)

    def probe(
        self, grant: OAuthGrant, http: HttpClient, deadline: Deadline
    ) -> Literal["active", "inactive", "unknown"]:
        return standard_probe(grant, http, deadline)

"""From a profile to its adapter, and to the client that reaches that adapter's hosts and nobody else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal

from palyra_kernel.auth.profile import OAuthLogin, Profile
from palyra_kernel.contracts.oauth import (
    OAuthFailure,
    OAuthGrant,
    OAuthRefreshAdapter,
    Preflight,
    TokenReply,
)
from palyra_kernel.errors import UnavailableError
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.sensitive import SensitiveBytes

if TYPE_CHECKING:
    from palyra_kernel.net import HttpClient

GENERIC = "oidc"
"""Who knows what the standards say, and no provider."""
FindAdapter = Callable[[str], OAuthRefreshAdapter | None]
FindClient = Callable[[OAuthRefreshAdapter, Profile], "HttpClient"]


class Issuer:
    """The adapter of one profile, with its client."""

    def __init__(self, adapter: OAuthRefreshAdapter, client: Callable[[], HttpClient]) -> None:
        self.adapter = adapter
        self._client = client

    def refresh(self, grant: OAuthGrant, deadline: Deadline) -> TokenReply | OAuthFailure:
        """See :meth:`OAuthRefreshAdapter.refresh`."""
        return self.adapter.refresh(grant, self._client(), deadline)

    def probe(self, grant: OAuthGrant, deadline: Deadline) -> Literal["active", "inactive", "unknown"]:
        """See :meth:`OAuthRefreshAdapter.probe`."""
        return self.adapter.probe(grant, self._client(), deadline)

    def revoke(self, grant: OAuthGrant, deadline: Deadline) -> OAuthFailure | None:
        """See :meth:`OAuthRefreshAdapter.revoke`."""
        return self.adapter.revoke(grant, self._client(), deadline)

    def preflight(self, key: SensitiveBytes, deadline: Deadline) -> Preflight:
        """See :meth:`OAuthRefreshAdapter.preflight`."""
        return self.adapter.preflight(key, self._client(), deadline)


class Issuers:
    """The adapters of one open vault."""

    def __init__(self, find: FindAdapter, client: FindClient) -> None:
        self._find = find
        self._client = client

    def adapter(self, profile: Profile) -> OAuthRefreshAdapter:
        """Who knows the provider of *profile*. Raises :class:`UnavailableError` ``adapter_missing``: nobody stands in
        for it, who would not know where the credential may go."""
        found = self._find(profile.adapter or GENERIC)
        if found is None:
            raise UnavailableError(
                "adapter_missing",
                f"the profile {profile.id} needs the adapter {profile.adapter!r}, which is not enabled",
                hint="palyra plugins list",
            )
        return found

    def supports(self, profile: Profile) -> bool:
        """Whether its adapter is there."""
        return self._find(profile.adapter or GENERIC) is not None

    def issuer(self, profile: Profile) -> Issuer:
        """The adapter of *profile* with its client, which is made when it is first used."""
        adapter = self.adapter(profile)
        return Issuer(adapter, lambda: self._client(adapter, profile))


def hosts_of(adapter: OAuthRefreshAdapter, profile: Profile) -> tuple[str, ...]:
    """Where the credential of *profile* may go: the adapter's hosts; where it has none, those of the endpoints that
    were settled for the profile, and of its API."""
    if adapter.hosts:
        return adapter.hosts
    from urllib.parse import urlsplit

    urls = [profile.base_url]
    if isinstance(profile.credential, OAuthLogin):
        found = profile.credential.metadata
        urls += [getattr(found, name) for name in ENDPOINTS if name != "authorization_endpoint"]
    return tuple(sorted({urlsplit(url).netloc for url in urls if url}))


ENDPOINTS = (
    *("authorization_endpoint", "token_endpoint", "revocation_endpoint", "introspection_endpoint"),
    *("device_authorization_endpoint", "userinfo_endpoint", "jwks_uri"),
)
"""The fields of :class:`OAuthMetadata` that are addresses."""

Headers = Mapping[str, str | SensitiveBytes]

"""From a profile to its adapter, and to the client that reaches that adapter's hosts and nobody else."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Literal

from palyra_kernel.auth.profile import Profile
from palyra_kernel.contracts.oauth import (
    OAuthFailure,
    OAuthGrant,
    OAuthRefreshAdapter,
    Preflight,
    TokenReply,
)
from palyra_kernel.errors import PalyraError, UnavailableError
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.sensitive import SensitiveBytes

if TYPE_CHECKING:
    from palyra_kernel.net import HttpClient

GENERIC = "oidc"
"""Who knows what the standards say, and no provider."""
FindAdapter = Callable[[str], OAuthRefreshAdapter | None]
FindClient = Callable[[OAuthRefreshAdapter, Profile], "AbstractContextManager[HttpClient]"]


class Issuer:
    """The adapter of one profile, with its client."""

    def __init__(
        self, adapter: OAuthRefreshAdapter, client: Callable[[], AbstractContextManager[HttpClient]]
    ) -> None:
        self.adapter = adapter
        self._client = client

    def http(self) -> AbstractContextManager[HttpClient]:
        """The client that reaches its hosts."""
        return self._client()

    def refresh(self, grant: OAuthGrant, deadline: Deadline) -> TokenReply | OAuthFailure:
        """See :meth:`OAuthRefreshAdapter.refresh`; never raises an error of ours: whoever wrote down that it begins has
        to write down how it ended."""
        sent = False
        try:
            with self._client() as http:
                sent = True
                return self.adapter.refresh(grant, http, deadline)
        except PalyraError as error:
            return OAuthFailure(code=error.code, sent=sent)

    def probe(self, grant: OAuthGrant, deadline: Deadline) -> Literal["active", "inactive", "unknown"]:
        """See :meth:`OAuthRefreshAdapter.probe`; where it cannot be asked, nobody can tell."""
        try:
            with self._client() as http:
                return self.adapter.probe(grant, http, deadline)
        except PalyraError:
            return "unknown"

    def revoke(self, grant: OAuthGrant, deadline: Deadline) -> OAuthFailure | None:
        """See :meth:`OAuthRefreshAdapter.revoke`."""
        with self._client() as http:
            return self.adapter.revoke(grant, http, deadline)

    def preflight(self, key: SensitiveBytes, deadline: Deadline) -> Preflight:
        """See :meth:`OAuthRefreshAdapter.preflight`."""
        with self._client() as http:
            return self.adapter.preflight(key, http, deadline)


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

    def knows(self, name: str) -> bool:
        """Whether there is an adapter called *name*."""
        return self._find(name) is not None

    def supports(self, profile: Profile) -> bool:
        """Whether its adapter is there."""
        return self._find(profile.adapter or GENERIC) is not None

    def issuer(self, profile: Profile) -> Issuer:
        """The adapter of *profile* with its client, which is made when it is first used."""
        adapter = self.adapter(profile)
        return Issuer(adapter, lambda: self._client(adapter, profile))

"""Where the credential of a profile in a document would go, looked at before the profile is stored."""

from __future__ import annotations

from palyra_kernel.auth.issuers import Issuers
from palyra_kernel.auth.names import CUSTOM, Provider
from palyra_kernel.auth.profile import OAuthLogin, Profile
from palyra_kernel.contracts.endpoints import hosts_for
from palyra_kernel.net.hosts import Hosts, divided, parse_url


class Reach:
    """What the adapters of one open vault say of profiles in documents."""

    def __init__(self, issuers: Issuers) -> None:
        self._issuers = issuers

    def adapter_of(self, provider: Provider) -> str:
        """The adapter for a document that names none, as those from elsewhere do: the one that is called like the
        provider. What somebody named himself never gets another's."""
        kind = provider.kind
        return kind if kind != CUSTOM and self._issuers.knows(kind) else ""

    def check(self, profile: Profile) -> None:
        """Raise what :func:`hosts_for` raises, and :class:`DeniedError` ``not_https`` for the API of the provider."""
        if isinstance(profile.credential, OAuthLogin):
            hosts = self._issuers.adapter(profile).hosts if self._issuers.supports(profile) else ()
            found = profile.credential.metadata
            hosts_for(hosts, found.issuer, found)
        if profile.base_url:
            public, here = divided([parse_url(profile.base_url).place])
            Hosts(public, here).admitted(profile.base_url)

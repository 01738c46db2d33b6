"""What has to be known before a login begins: who knows the provider, and where its endpoints are."""

from __future__ import annotations

from msgspec.structs import replace

from palyra_kernel.auth.issuers import Issuers
from palyra_kernel.auth.profile import OAuthLogin, Profile
from palyra_kernel.contracts.endpoints import hosts_for
from palyra_kernel.errors import InvalidInputError
from palyra_kernel.values.deadline import Deadline

CALL_SECONDS = 20.0


def discovered_profile(issuers: Issuers, profile: Profile, deadline: Deadline | None = None) -> Profile:
    """*profile* with the endpoints that its adapter or its issuer names now, and, where it has none of its own, with
    the scopes that are usual there.

    Raises :class:`InvalidInputError` ``not_oauth``; :class:`UnavailableError` ``adapter_missing``; what the adapter
    raises, and what :func:`hosts_for` does of endpoints that no credential may reach.
    """
    login = profile.credential
    if not isinstance(login, OAuthLogin):
        raise InvalidInputError("not_oauth", f"the profile {profile.id} is no login")
    issuer = issuers.issuer(profile)
    facts = replace(profile.facts(), token_endpoint="")  # where it was before is compared by whoever asks
    with issuer.http() as http:
        found = issuer.adapter.metadata(facts, http, deadline or Deadline.after(CALL_SECONDS))
    hosts_for(issuer.adapter.hosts, found.issuer, found)
    scopes = login.scopes or tuple(found.default_scopes)
    return replace(profile, credential=replace(login, metadata=found, scopes=scopes))

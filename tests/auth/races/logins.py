"""Logins at issuers that rotate and detect reuse: npm's, and the small one in Python. What both of them know of one."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from palyra_kernel.contracts.oauth import OAuthMetadata
from tests.auth.grants import CLIENT
from tests.auth.vendor_process import RemoteVendor
from tests.oidc.client import Client

LIFETIME = 3600


class State(NamedTuple):
    """How many refresh tokens the issuer took and how many requests it refused, and whether the grant is dead."""

    refreshes: int
    refused: int
    dead: bool

    @property
    def presented(self) -> int:
        """How often a refresh token came."""
        return self.refreshes + self.refused


class Login(Protocol):
    """One grant of an issuer, told from all others that it has."""

    client_id: str
    metadata: OAuthMetadata
    access_token: str
    refresh_token: str
    """The first ones."""
    lifetime: int = LIFETIME
    """Seconds that access tokens live."""

    def state(self) -> State:
        """What the issuer knows of it."""

    def works(self, access_token: str) -> bool:
        """Whether a provider would take it."""


class ProviderLogin(Login):
    """A login of *client* at npm's issuer, through its pages."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.client_id = client.id
        found = client.issuer.ask("/.well-known/openid-configuration").body
        self.metadata = OAuthMetadata(
            issuer=found["issuer"],
            authorization_endpoint=found["authorization_endpoint"],
            token_endpoint=found["token_endpoint"],
            revocation_endpoint=found["revocation_endpoint"],
            userinfo_endpoint=found["userinfo_endpoint"],
            jwks_uri=found["jwks_uri"],
        )
        tokens = client.log_in()
        self.access_token, self.refresh_token = tokens["access_token"], tokens["refresh_token"]
        self.lifetime = tokens["expires_in"]

    def state(self) -> State:
        counts = self._client.counts()
        refused = sum(number for name, number in counts.items() if name.startswith("grant.error"))
        return State(counts["grant.success refresh_token"], refused, counts["grant.revoked"] > 0)

    def works(self, access_token: str) -> bool:
        return self._client.issuer.ask("/me", auth=f"Bearer {access_token}").status == 200


class VendorLogin(Login):
    """A login at the small issuer, which has one login at a time then."""

    def __init__(self, vendor: RemoteVendor) -> None:
        self._vendor = vendor
        self.client_id = CLIENT
        self.metadata = OAuthMetadata(
            issuer=vendor.url,
            token_endpoint=f"{vendor.url}/token",
            revocation_endpoint=f"{vendor.url}/revoke",
            introspection_endpoint=f"{vendor.url}/introspect",
            userinfo_endpoint=f"{vendor.url}/userinfo",
        )
        self._before = vendor.counts
        self.access_token, self.refresh_token = vendor.issue()

    def state(self) -> State:
        counts = self._vendor.counts - self._before
        dead = bool(self._vendor.family(self.refresh_token).ended)
        return State(counts["refreshed"], counts["refused"] + counts["reused"], dead)

    def works(self, access_token: str) -> bool:
        return self._vendor.works(access_token)

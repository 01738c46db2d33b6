"""Issuers on loopback, with certificates: what they say is a script of the test."""

from __future__ import annotations

import pytest

from palyra_kernel import Deadline, OAuthGrant, OAuthMetadata, ProviderProfile, SensitiveBytes
from tests.net.conftest import NAME, Net, authority, net

__all__ = ["authority", "net"]

ACCESS, REFRESH, SECRET = b"access-5f21-canary", b"refresh-9c77-canary", b"s e:cret/+&=%-canary"


def soon():
    return Deadline.after(20)


def grant_at(base, *, auth="none", access=True, refresh=True, secret=True, **metadata):
    """A grant whose endpoints are below *base*."""
    metadata.setdefault("token_endpoint", f"{base}/token")
    return OAuthGrant(
        profile=ProviderProfile(provider="custom:acme", client_id="native app", client_auth=auth),
        metadata=OAuthMetadata(**metadata),
        access_token=SensitiveBytes(ACCESS) if access else None,
        refresh_token=SensitiveBytes(REFRESH) if refresh else None,
        client_secret=SensitiveBytes(SECRET) if secret else None,
    )


class Issuer:
    """A server with *script*, the client for it, and grants at it."""

    def __init__(self, net: Net, script, **options) -> None:
        self.server = net.server(script)
        self.base = f"https://{NAME}:{self.server.port}"
        self.http = net.client(self.server, **options)

    def grant(self, **options):
        return grant_at(self.base, **options)

    @property
    def requests(self) -> list[bytes]:
        return self.server.requests


@pytest.fixture
def issuer_of(net):
    def make(script, **options):
        return Issuer(net, script, **options)

    return make

"""The built-in adapter at an issuer that we did not write."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from palyra_kernel import SensitiveBytes
from palyra_kernel.auth.oidc import OidcAdapter
from palyra_kernel.contracts.oauth import OAuthFailure, OAuthGrant, ProviderProfile, TokenReply
from palyra_kernel.errors import PalyraError
from palyra_kernel.net import HttpClient
from palyra_kernel.values.deadline import Deadline

pytestmark = pytest.mark.real

WAYS = ["none", "client_secret_basic", "client_secret_post"]
ADAPTER = OidcAdapter()


@pytest.fixture
def http(issuer):
    with HttpClient([], loopback=[urlsplit(issuer.url).netloc]) as client:
        yield client


def _soon():
    return Deadline.after(30)


def _facts(client, **more):
    return ProviderProfile(
        provider="custom:acme",
        issuer=client.issuer.url,
        client_id=client.id,
        client_auth=client.auth,
        **more,
    )


def _grant(client, http, tokens=None, secret=None):
    facts = _facts(client)
    tokens = tokens or client.log_in()
    secret = client.secret if secret is None else secret
    return OAuthGrant(
        profile=facts,
        metadata=ADAPTER.metadata(facts, http, _soon()),
        access_token=SensitiveBytes(tokens["access_token"].encode()),
        refresh_token=SensitiveBytes(tokens["refresh_token"].encode()),
        client_secret=SensitiveBytes(secret.encode()) if secret else None,
    )


def _text(token) -> bytes:
    assert token is not None
    return bytes(token.reveal())


def _refreshed(grant, http) -> TokenReply:
    reply = ADAPTER.refresh(grant, http, _soon())
    assert isinstance(reply, TokenReply)
    return reply


def _failed(grant, http) -> OAuthFailure:
    failure = ADAPTER.refresh(grant, http, _soon())
    assert isinstance(failure, OAuthFailure)
    return failure


def _next(grant, reply):
    return OAuthGrant(
        profile=grant.profile,
        metadata=grant.metadata,
        access_token=reply.access_token,
        refresh_token=reply.refresh_token,
        client_secret=grant.client_secret,
    )


def test_its_endpoints_are_found_by_its_address_alone(issuer, http):
    found = ADAPTER.metadata(_facts(issuer.client()), http, _soon())
    assert found.issuer == issuer.url
    assert found.token_endpoint == f"{issuer.url}/token"
    assert found.device_authorization_endpoint == f"{issuer.url}/device/auth"
    assert found.revocation_endpoint
    assert found.introspection_endpoint
    assert found.iss_in_callback
    assert found.default_scopes == ("openid", "offline_access")


def test_an_address_that_is_nearly_its_own_is_another_issuer(issuer, http):
    """Hazard H52 of auth profiles: who can have a document be found for an address takes the logins of that address."""
    facts = ProviderProfile(provider="custom:acme", issuer=f"{issuer.url}/")
    with pytest.raises(PalyraError) as caught:
        ADAPTER.metadata(facts, http, _soon())
    assert caught.value.code == "issuer_mismatch"


@pytest.mark.parametrize("auth", WAYS)
def test_a_refresh_brings_the_next_pair(issuer, http, auth):
    client = issuer.client(auth)
    grant = _grant(client, http)
    for number in (1, 2):
        reply = _refreshed(grant, http)
        assert reply.expires_in == 3600
        assert reply.scopes is not None
        assert set(reply.scopes) == {"openid", "offline_access", "read"}
        assert reply.clock_skew is not None
        assert abs(reply.clock_skew) < 60
        assert _text(reply.refresh_token) != _text(grant.refresh_token)
        assert client.counts()["grant.success refresh_token"] == number
        grant = _next(grant, reply)
    assert not client.counts()["grant.revoked"]


def test_a_refresh_token_that_stays_is_named_again(issuer, http):
    grant = _grant(issuer.client(rotates=False), http)
    reply = _refreshed(grant, http)
    assert _text(reply.refresh_token) == _text(grant.refresh_token)


def test_a_spent_refresh_token_is_told_from_a_server_in_trouble(issuer, http):
    """Hazard H7 of auth profiles: invalid_grant became "status 400", and was retried for ever."""
    client = issuer.client()
    grant = _grant(client, http)
    _refreshed(grant, http)
    failure = _failed(grant, http)
    assert (failure.code, failure.status, failure.sent) == ("invalid_grant", 400, True)
    assert client.counts()["grant.revoked"] == 1


@pytest.mark.parametrize("auth", WAYS[1:])
def test_a_wrong_client_secret_costs_no_token(issuer, http, auth):
    client = issuer.client(auth)
    tokens = client.log_in()
    failure = _failed(_grant(client, http, tokens, secret="another"), http)
    assert (failure.code, failure.status) == ("invalid_client", 401)
    _refreshed(_grant(client, http, tokens), http)


def test_a_reply_that_is_lost_was_sent_for(issuer, http):
    """Hazard H37 of auth profiles: whoever does not know the answer must not take the token for unspent."""
    client = issuer.client()
    grant = _grant(client, http)
    client.spoil("lose")
    failure = _failed(grant, http)
    assert (failure.code, failure.status, failure.sent) == ("network", 0, True)
    assert client.counts()["grant.success refresh_token"] == 1


@pytest.mark.parametrize("auth", WAYS)
def test_revoked_tokens_are_found_inactive(issuer, http, auth):
    client = issuer.client(auth)
    grant = _grant(client, http)
    assert ADAPTER.probe(grant, http, _soon()) == "active"
    assert ADAPTER.revoke(grant, http, _soon()) is None
    assert ADAPTER.probe(grant, http, _soon()) == "inactive"
    assert _failed(grant, http).code == "invalid_grant"
    assert ADAPTER.revoke(grant, http, _soon()) is None, "twice is fine"

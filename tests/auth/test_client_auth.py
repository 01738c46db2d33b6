"""How the client says who it is: one way at a time, byte for byte as the standard writes it."""

from __future__ import annotations

import base64
from urllib.parse import parse_qsl, unquote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palyra_kernel import InvalidInputError, ProviderProfile, SensitiveBytes
from palyra_kernel.auth.grammar.client_auth import client_auth
from palyra_kernel.auth.grammar.requests import (
    DEVICE_GRANT,
    device_poll_request,
    device_request,
    exchange_request,
    introspection_request,
    refresh_request,
    revocation_request,
    userinfo_request,
)
from palyra_kernel.net.hosts import parse_url
from tests.auth.conftest import ACCESS, REFRESH, SECRET, grant_at

BASE = "https://issuer.test"


def profile(auth, client_id="native app"):
    return ProviderProfile(provider="custom:acme", client_id=client_id, client_auth=auth)


def sent(request):
    """The header fields and the form of *request*, as they leave."""
    fields, body = request.wire(parse_url(request.url))
    return dict(fields), dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=bool(body)))


def test_a_public_client_says_its_id_and_nothing_else():
    assert client_auth(profile("none"), SensitiveBytes(SECRET)) == ({}, {"client_id": "native app"})
    assert client_auth(profile("none", ""), None) == ({}, {})


def test_basic_encodes_before_it_joins():
    """RFC 6749, 2.3.1: joined as they are, an id with a colon and a secret share one spelling with another pair."""
    headers, form = client_auth(profile("client_secret_basic", "a:b"), SensitiveBytes(SECRET))
    value = headers["authorization"]
    assert isinstance(value, SensitiveBytes)
    scheme, _, encoded = value.reveal().partition(b" ")
    assert (scheme, form) == (b"Basic", {})
    assert base64.b64decode(encoded) == b"a%3Ab:s+e%3Acret%2F%2B%26%3D%25-canary"


@given(client_id=st.text(min_size=1), secret=st.binary(min_size=1))
def test_basic_says_any_pair(client_id, secret):
    headers, _ = client_auth(
        profile("client_secret_basic", client_id.encode("utf-8", "replace").decode()), SensitiveBytes(secret)
    )
    value = headers["authorization"]
    assert isinstance(value, SensitiveBytes)
    pair = base64.b64decode(value.reveal()[6:])
    name, _, rest = pair.partition(b":")
    assert unquote_plus(name.decode()) == client_id.encode("utf-8", "replace").decode()
    assert unquote_plus(rest.decode(), encoding="latin-1").encode("latin-1") == secret


def test_post_says_both_in_the_form():
    headers, form = client_auth(profile("client_secret_post"), SensitiveBytes(SECRET))
    assert (headers, form["client_id"]) == ({}, "native app")
    assert form["client_secret"] == SECRET


@pytest.mark.parametrize("auth", ["client_secret_basic", "client_secret_post"])
@pytest.mark.parametrize("secret", [None, b""])
@pytest.mark.parametrize("client_id", ["", "native"])
def test_half_of_a_pair_is_not_sent(auth, secret, client_id):
    """A request without its secret would spend the refresh token on an ``invalid_client``."""
    given_secret = None if secret is None else SensitiveBytes(secret)
    for who, known in ((client_id, given_secret), ("", SensitiveBytes(SECRET))):
        with pytest.raises(InvalidInputError) as caught:
            client_auth(profile(auth, who), known)
        assert caught.value.code == "not_configured"


GRANT = grant_at(
    BASE,
    auth="client_secret_post",
    revocation_endpoint=f"{BASE}/revoke",
    introspection_endpoint=f"{BASE}/introspect",
    device_authorization_endpoint=f"{BASE}/device",
    userinfo_endpoint=f"{BASE}/me",
)
CLIENT = {"client_id": "native app", "client_secret": SECRET.decode()}
REQUESTS = {
    "refresh": (
        refresh_request(GRANT),
        f"{BASE}/token",
        {"grant_type": "refresh_token", "refresh_token": REFRESH.decode(), **CLIENT},
    ),
    "narrower": (
        refresh_request(GRANT, ["Mail.Read", "openid"]),
        f"{BASE}/token",
        {
            "grant_type": "refresh_token",
            "refresh_token": REFRESH.decode(),
            "scope": "Mail.Read openid",
            **CLIENT,
        },
    ),
    "exchange": (
        exchange_request(
            GRANT,
            code=SensitiveBytes(b"c&o=de"),
            redirect_uri="http://127.0.0.1:7777/cb",
            verifier=SensitiveBytes(b"verifier"),
        ),
        f"{BASE}/token",
        {
            "grant_type": "authorization_code",
            "code": "c&o=de",
            "redirect_uri": "http://127.0.0.1:7777/cb",
            "code_verifier": "verifier",
            **CLIENT,
        },
    ),
    "device": (
        device_request(GRANT.profile, GRANT.metadata, GRANT.client_secret, scopes=["Mail.Read"]),
        f"{BASE}/device",
        {"scope": "Mail.Read", **CLIENT},
    ),
    "poll": (
        device_poll_request(GRANT, SensitiveBytes(b"device-code")),
        f"{BASE}/token",
        {"grant_type": DEVICE_GRANT, "device_code": "device-code", **CLIENT},
    ),
    "revoke": (
        revocation_request(GRANT, GRANT.refresh_token, "refresh_token"),
        f"{BASE}/revoke",
        {"token": REFRESH.decode(), "token_type_hint": "refresh_token", **CLIENT},
    ),
    "introspect": (
        introspection_request(GRANT),
        f"{BASE}/introspect",
        {"token": ACCESS.decode(), "token_type_hint": "access_token", **CLIENT},
    ),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_says_exactly_this(name):
    """Hazard H24 of auth profiles: scopes were changed to lower case on their way, though they are case-sensitive.
    Nothing is added either: a refresh that repeats the scopes that were once wished for ends as ``invalid_scope``."""
    request, url, form = REQUESTS[name]
    fields, said = sent(request)
    assert (request.method, request.url) == ("POST", url)
    assert fields[b"accept"] == b"application/json"
    assert fields[b"content-type"] == b"application/x-www-form-urlencoded"
    assert b"authorization" not in fields
    assert said == form


def test_a_client_uses_one_way_at_a_time():
    """RFC 6749, 2.3: a request with two is refused by those who read the standard."""
    fields, form = sent(refresh_request(grant_at(BASE, auth="client_secret_basic")))
    assert fields[b"authorization"].startswith(b"Basic ")
    assert form.keys() == {"grant_type", "refresh_token"}


def test_userinfo_gets_the_token_as_a_bearer():
    request = userinfo_request(GRANT)
    assert (request.method, request.url) == ("GET", f"{BASE}/me")
    assert sent(request)[0][b"authorization"] == b"Bearer " + ACCESS


@pytest.mark.parametrize("request_of", [refresh_request, introspection_request, userinfo_request])
def test_what_is_missing_is_not_asked_for(request_of):
    """Without a token, or without an endpoint, there is no question: a blank would be a spent one."""
    for grant in (grant_at(BASE, access=False, refresh=False), grant_at(BASE, token_endpoint="")):
        with pytest.raises(InvalidInputError) as caught:
            request_of(grant)
        assert caught.value.code == "not_configured"


def test_no_request_shows_what_it_carries():
    """Hazard H56 of auth profiles: records with keys in them could be printed."""
    for request, _, _ in REQUESTS.values():
        shown = repr(request) + str(request) + f"{request}" + repr(request.headers) + repr(request.form)
        assert "canary" not in shown

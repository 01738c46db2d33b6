"""The address of a login: what is in it, letter for letter, and where it may not lead."""

from __future__ import annotations

from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from palyra_kernel.auth.login.authorize import authorization_url, check_redirect_uri
from palyra_kernel.auth.login.pkce import challenge, new_verifier
from palyra_kernel.auth.profile import OAuthLogin
from palyra_kernel.contracts.oauth import OAuthMetadata
from palyra_kernel.errors import InvalidInputError
from palyra_kernel.values.sensitive import SensitiveBytes

VERIFIER = SensitiveBytes(b"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
LOOPBACK = "http://127.0.0.1:7777/callback"


def asked(endpoint="https://auth.example.com/authorize", redirect_uri=LOOPBACK, parameters=None, **login):
    login.setdefault("client_id", "client")
    metadata = OAuthMetadata(authorization_endpoint=endpoint, authorize_parameters=parameters or {})
    return authorization_url(
        OAuthLogin(metadata=metadata, **login),
        redirect_uri=redirect_uri,
        state="the state",
        verifier=VERIFIER,
        nonce=SensitiveBytes(b"the-nonce"),
    )


def fields(url):
    return dict(parse_qsl(urlsplit(url).query, strict_parsing=True))


def test_the_vectors_of_rfc_7636():
    """Appendix B: PKCE was dropped in silence where the method was not named."""
    assert challenge(VERIFIER) == CHALLENGE
    assert fields(asked())["code_challenge"] == CHALLENGE
    assert fields(asked())["code_challenge_method"] == "S256"


def test_a_verifier_is_43_characters_and_never_the_same():
    """RFC 7636, 4.1: 256 random bits."""
    made = {new_verifier().reveal() for _ in range(100)}
    assert len(made) == 100
    assert {len(each) for each in made} == {43}
    assert all(each.isascii() and b"=" not in each for each in made)


def test_a_request_says_what_the_standard_wants():
    """Hazard H24 of auth profiles: scopes were lower-cased, which means others; RFC 6749, 4.1.1."""
    said = fields(asked(scopes=("Mail.Read", "offline_access")))
    assert said == {
        "response_type": "code",
        "client_id": "client",
        "redirect_uri": LOOPBACK,
        "state": "the state",
        "scope": "Mail.Read offline_access",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }


def test_a_client_id_goes_as_it_is_or_not_at_all():
    """Hazard H24 of auth profiles: one that was too long was cut in silence."""
    longest = "x" * 255 + "/"
    assert fields(asked(client_id=longest))["client_id"] == longest
    with pytest.raises(InvalidInputError):
        asked(client_id=longest + "x")
    with pytest.raises(InvalidInputError) as refused:
        asked(client_id="")
    assert refused.value.code == "client_id_missing"


def test_an_id_token_is_asked_for_with_a_nonce():
    """Hazard H52 of auth profiles: without it an id_token of another login was as good."""
    assert fields(asked(scopes=("openid",)))["nonce"] == "the-nonce"
    assert "nonce" not in fields(asked(scopes=("read",)))


def test_a_refresh_token_of_openid_needs_a_yes():
    """OpenID Connect Core, 11; an adapter that knows better says so."""
    assert fields(asked(scopes=("openid", "offline_access")))["prompt"] == "consent"
    mine = asked(scopes=("openid", "offline_access"), parameters={"prompt": "login consent"})
    assert fields(mine)["prompt"] == "login consent"
    assert "prompt" not in fields(asked(scopes=("offline_access",)))


def test_a_provider_adds_what_it_wants_and_takes_nothing_away():
    """An audience is added; a second ``state`` would be the provider's."""
    assert fields(asked(parameters={"audience": "https://api.example.com/v1"}))["audience"]
    for name in (
        "state",
        "code_challenge",
        "code_challenge_method",
        "redirect_uri",
        "nonce",
        "scope",
        "request",
    ):
        with pytest.raises(InvalidInputError) as refused:
            asked(parameters={name: "x"})
        assert refused.value.code == "reserved_parameter"


def test_an_endpoint_may_have_a_query_of_its_own():
    """RFC 6749, 3.1: it is kept."""
    url = asked("https://auth.example.com/authorize?tenant=a%20b")
    assert url.startswith("https://auth.example.com/authorize?tenant=a%20b&")
    assert parse_qs(urlsplit(url).query)["tenant"] == ["a b"]


@pytest.mark.parametrize(
    "endpoint",
    [
        *("", "auth.example.com/authorize", "http://auth.example.com/authorize", "javascript:alert(1)"),
        *(
            "https://auth.example.com/authorize#x",
            "https://a b/",
            "file:///etc/passwd",
            "https://me@evil.example/",
        ),
        *("http://127.0.0.1.evil.example/", "https://auth.example.com/\nx", "https://auth.example.com/<b>"),
    ],
)
def test_nobody_is_sent_just_anywhere(endpoint):
    """What is printed and opened is https, or this machine, and one plain address."""
    with pytest.raises(InvalidInputError):
        asked(endpoint)


@pytest.mark.parametrize(
    "uri",
    [
        *("http://127.0.0.1/cb", "http://127.0.0.1:7777/cb", "http://[::1]:1/cb", "http://localhost:80/cb"),
        "https://console.example.com/console/v1/auth/providers/openai/callback",
    ],
)
def test_a_redirect_comes_home(uri):
    """RFC 8252, 7.3: to this machine, or by https."""
    check_redirect_uri(uri)
    assert fields(asked(redirect_uri=uri))["redirect_uri"] == uri


@pytest.mark.parametrize(
    "uri",
    [
        *("", "http://example.com/cb", "http://127.0.0.1:7777/cb?x=1", "http://127.0.0.1:7777/cb#f"),
        *(
            "http://127.0.0.1@evil.example/",
            "http://127.0.0.1:99999999/",
            "http://0.0.0.0:7777/cb",
            "app:/cb",
        ),
    ],
)
def test_a_code_is_not_sent_elsewhere(uri):
    """An address that is another's, or that two parsers read in two ways."""
    with pytest.raises(InvalidInputError) as refused:
        check_redirect_uri(uri)
    assert refused.value.code == "bad_redirect_uri"

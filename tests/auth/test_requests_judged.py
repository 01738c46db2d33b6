"""Our requests, judged by Authlib: whoever reads the standards apart from us comes to the same."""

from urllib.parse import parse_qs, urlsplit

import pytest
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from palyra_kernel import OAuthGrant, OAuthMetadata, ProviderProfile, SensitiveBytes
from palyra_kernel.auth.grammar.client_auth import client_auth
from palyra_kernel.auth.grammar.requests import exchange_request, refresh_request
from palyra_kernel.auth.login.authorize import authorization_url
from palyra_kernel.auth.login.pkce import challenge, new_verifier
from palyra_kernel.auth.profile import OAuthLogin

URL = "https://issuer.test/token"


def grant(**facts):
    return OAuthGrant(
        profile=ProviderProfile(provider="custom:acme", client_id="cli ent", **facts),
        metadata=OAuthMetadata(token_endpoint=URL),
        refresh_token=SensitiveBytes(b"re+fresh/token="),
    )


def form_of(request):
    _, body = request.wire(_Target())
    return parse_qs(body.decode(), strict_parsing=True)


class _Target:
    authority = "issuer.test"


def test_the_challenge_of_pkce():
    """Section 5 of the reference: PKCE was dropped without a word. RFC 7636, appendix B, and a library."""
    verifier = new_verifier()
    assert challenge(verifier) == create_s256_code_challenge(verifier.reveal().decode())


def test_the_form_of_a_refresh():
    """RFC 6749, section 6."""
    theirs = prepare_token_request("refresh_token", refresh_token="re+fresh/token=", client_id="cli ent")
    assert form_of(refresh_request(grant())) == parse_qs(theirs)


def test_the_form_of_an_exchange():
    """RFC 6749, section 4.1.3; RFC 7636, section 4.5."""
    uri = "http://127.0.0.1:7777/cb"
    ours = exchange_request(
        grant(), code=SensitiveBytes(b"co de"), redirect_uri=uri, verifier=SensitiveBytes(b"v" * 43)
    )
    theirs = prepare_token_request(
        "authorization_code", redirect_uri=uri, code="co de", code_verifier="v" * 43, client_id="cli ent"
    )
    assert form_of(ours) == parse_qs(theirs)


def test_where_a_human_is_sent():
    """RFC 6749, section 4.1.1."""
    metadata = OAuthMetadata(
        authorization_endpoint="https://issuer.test/authorize", issuer="https://issuer.test"
    )
    verifier = new_verifier()
    ours = authorization_url(
        OAuthLogin(metadata=metadata, client_id="client", scopes=("Mail.Read", "read")),
        redirect_uri="http://127.0.0.1:7777/cb",
        state="s t&a=te",
        verifier=verifier,
        nonce=SensitiveBytes(b"nonce"),
    )
    theirs = prepare_grant_uri(
        "https://issuer.test/authorize",
        client_id="client",
        response_type="code",
        redirect_uri="http://127.0.0.1:7777/cb",
        scope="Mail.Read read",
        state="s t&a=te",
        code_challenge=create_s256_code_challenge(verifier.reveal().decode()),
        code_challenge_method="S256",
    )
    assert parse_qs(urlsplit(ours).query) == parse_qs(urlsplit(theirs).query)


@pytest.mark.parametrize("method", ["client_secret_post", "client_secret_basic"])
def test_how_a_client_says_who_it_is(method):
    """RFC 6749, section 2.3.1. Basic authentication of plain characters is the same for everybody."""
    profile = ProviderProfile(provider="custom:acme", client_id="client", client_auth=method)
    headers, fields = client_auth(profile, SensitiveBytes(b"s3cret-._*"))
    _, their_headers, body = ClientAuth("client", "s3cret-._*", method).prepare("POST", URL, {}, "a=b")
    if method == "client_secret_basic":
        ours = headers["authorization"]
        assert isinstance(ours, SensitiveBytes)
        assert ours.reveal().decode() == their_headers["Authorization"]
        assert not fields
    else:
        assert {name: [text(value)] for name, value in fields.items()} | {"a": ["b"]} == parse_qs(body)


def text(value):
    return value.reveal().decode() if isinstance(value, SensitiveBytes) else value

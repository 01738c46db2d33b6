"""The built-in adapter: an issuer found by its address, and only if it says itself that it is that one."""

from __future__ import annotations

import json

import pytest

from palyra_kernel import (
    OAuthFailure,
    PalyraError,
    ProviderProfile,
    ProviderResponse,
    SensitiveBytes,
    TokenReply,
)
from palyra_kernel.auth.discovery import OAUTH, OPENID, addresses
from palyra_kernel.auth.oidc import OidcAdapter
from tests.auth.conftest import soon

ADAPTER = OidcAdapter()


def pages(**by_path):
    """Answers by path; ``{base}`` in a document is the server's own address. Others are not there."""

    def script(visit):
        base = f"https://issuer.test:{visit.server.port}"
        while request := visit.ask():
            found = by_path.get(request.split(b" ")[1].decode())
            if found is None:
                visit.answer(b"not here", status=b"404 Not Found")
            elif callable(found):
                found(visit)
            else:
                body = json.dumps(found).replace("{base}", base).encode()
                visit.answer(body, b"Content-Type: application/json")

    return script


DOCUMENT = {
    "issuer": "{base}",
    "authorization_endpoint": "{base}/authorize",
    "token_endpoint": "{base}/token",
    "revocation_endpoint": None,
    "jwks_uri": "{base}/keys",
    "code_challenge_methods_supported": ["plain", "S256"],
    "authorization_response_iss_parameter_supported": True,
    "scopes_supported": ["openid", "offline_access", "email"],
    "something_else": {"of": ["others"]},
}


@pytest.fixture
def find(issuer_of):
    """Discover at a server with pages."""

    def ask(script, path="", **facts):
        server = issuer_of(script)
        profile = ProviderProfile(provider="custom:acme", issuer=f"{server.base}{path}", **facts)
        return ADAPTER.metadata(profile, server.http, soon()), server

    return ask


@pytest.fixture
def refusal(find):
    def ask(script, path="", **facts):
        with pytest.raises(PalyraError) as caught:
            find(script, path, **facts)
        return caught.value.code

    return ask


@pytest.mark.parametrize(
    ("issuer_url", "oauth", "openid"),
    [
        ("https://a.example", f"https://a.example{OAUTH}", f"https://a.example{OPENID}"),
        ("https://a.example/", f"https://a.example{OAUTH}", f"https://a.example{OPENID}"),
        (
            "https://a.example:8443/t/one",
            f"https://a.example:8443{OAUTH}/t/one",
            f"https://a.example:8443/t/one{OPENID}",
        ),
        ("https://a.example/t/", f"https://a.example{OAUTH}/t", f"https://a.example/t{OPENID}"),
    ],
)
def test_where_the_documents_are(issuer_url, oauth, openid):
    """RFC 8414, 3.1 puts the well-known part before the path, OpenID Connect behind it."""
    assert addresses(issuer_url) == (oauth, openid)


def test_either_document_will_do(find):
    for path in (OAUTH, OPENID):
        found, server = find(pages(**{path: DOCUMENT}))
        assert found.issuer == server.base
        assert found.token_endpoint == f"{server.base}/token"
        assert found.authorization_endpoint == f"{server.base}/authorize"
        assert found.jwks_uri == f"{server.base}/keys"
        assert found.revocation_endpoint == ""
        assert found.iss_in_callback
        assert found.default_scopes == ("openid", "offline_access")
        assert {request.split(b" ")[1].decode() for request in server.requests} == {OAUTH, OPENID}


def test_what_one_leaves_out_the_other_adds(find):
    """OpenID's document has no place for revocation, OAuth's none for userinfo."""
    oauth = {"issuer": "{base}", "token_endpoint": "{base}/token", "revocation_endpoint": "{base}/revoke"}
    openid = {"issuer": "{base}", "token_endpoint": "{base}/token", "userinfo_endpoint": "{base}/me"}
    found, server = find(pages(**{OAUTH: oauth, OPENID: openid}))
    assert found.revocation_endpoint == f"{server.base}/revoke"
    assert found.userinfo_endpoint == f"{server.base}/me"
    assert not found.iss_in_callback
    assert found.default_scopes == ("openid",)


def test_an_issuer_without_openid_has_no_scope_of_it(find):
    found, _ = find(pages(**{OAUTH: {"issuer": "{base}", "token_endpoint": "{base}/token"}}))
    assert found.default_scopes == ()


def test_an_issuer_with_a_path(find):
    document = {"issuer": "{base}/tenant", "token_endpoint": "{base}/tenant/token"}
    found, server = find(pages(**{f"/tenant{OPENID}": document}), "/tenant")
    assert found.issuer == f"{server.base}/tenant"


@pytest.mark.parametrize("other", ["https://elsewhere.example", "{base}/", "{base}/tenant", "{BASE}", ""])
def test_the_issuer_is_the_one_that_was_asked_for_to_the_last_character(refusal, other):
    """Hazard H52 of auth profiles: a document of one issuer at the address of another takes over its logins (RFC
    8414, 3.3)."""
    assert refusal(pages(**{OPENID: {**DOCUMENT, "issuer": other}})) == "issuer_mismatch"
    assert refusal(pages(**{OAUTH: DOCUMENT, OPENID: {**DOCUMENT, "issuer": other}})) == "issuer_mismatch"


def test_a_slash_at_the_end_is_another_issuer(refusal):
    assert refusal(pages(**{OPENID: DOCUMENT}), "/") == "issuer_mismatch"


@pytest.mark.parametrize("name", ["token_endpoint", "authorization_endpoint", "jwks_uri"])
def test_two_documents_that_disagree(refusal, name):
    other = {**DOCUMENT, name: "{base}/other"}
    assert refusal(pages(**{OAUTH: DOCUMENT, OPENID: other})) == "issuer_disagrees"


@pytest.mark.parametrize(
    ("methods", "fits"), [(["S256"], True), (None, True), (["plain"], False), ([], False)]
)
def test_pkce(find, refusal, methods, fits):
    """An issuer that takes ``plain`` alone takes the code of whoever saw the redirect."""
    document = pages(**{OPENID: {**DOCUMENT, "code_challenge_methods_supported": methods}})
    if fits:
        find(document)
    else:
        assert refusal(document) == "no_pkce"


def html(visit):
    visit.answer(b"<html>", b"Content-Type: text/html")


def elsewhere(visit):
    visit.answer(b"", b"Location: /login", status=b"302 Found")


def huge(visit):
    visit.answer(b" " * 70_000, b"Content-Type: application/json")


def broken(visit):
    visit.answer(b'{"issuer"', b"Content-Type: application/json")


@pytest.mark.parametrize("page", [None, html, elsewhere, huge, broken, [], {}, {"issuer": 7}, "text"])
def test_a_page_that_is_there_for_every_address_is_no_document(find, refusal, page):
    found, _ = find(pages(**{OAUTH: page, OPENID: DOCUMENT}))
    assert found.token_endpoint
    assert refusal(pages(**{OAUTH: page, OPENID: page})) == "no_metadata"


@pytest.mark.parametrize("status", [b"429 Slow", b"500 Oh", b"503 Later"])
def test_half_of_an_answer_is_not_kept_for_good(refusal, status):
    """What is found is stored with the profile: a moment's 503 would have taken revocation away for ever."""

    def later(visit):
        visit.answer(b"{}", b"Content-Type: application/json", status=status)

    assert refusal(pages(**{OAUTH: DOCUMENT, OPENID: later})) == "issuer_unavailable"


@pytest.mark.parametrize(
    ("issuer_url", "code"),
    [("", "no_issuer"), ("https://a.example?x=1", "bad_issuer"), ("a.example", "bad_url"),
     ("https://127.1", "bad_host"),
     ("http://issuer.test", "host_not_allowed"), ("https://other.example", "host_not_allowed")],
)  # fmt: skip
def test_an_address_that_is_none(issuer_of, issuer_url, code):
    server = issuer_of(pages())
    with pytest.raises(PalyraError) as caught:
        ADAPTER.metadata(ProviderProfile(provider="custom:a", issuer=issuer_url), server.http, soon())
    assert caught.value.code == code
    assert server.requests == []


def test_a_login_needs_a_token_endpoint(refusal):
    assert refusal(pages(**{OAUTH: {"issuer": "{base}"}})) == "no_token_endpoint"


def test_another_token_endpoint_than_the_settled_one_is_refused(find, refusal):
    """Hazard H48, invariant I7 of auth profiles: the endpoint that a profile has is its issuer's, and a new one is
    for a human."""
    script = pages(**{OPENID: DOCUMENT})
    assert refusal(script, token_endpoint="https://evil.example/token") == "endpoint_changed"


def test_a_login_from_the_documents_to_its_end(issuer_of):
    """Hazard H48 of auth profiles: refresh and revocation go where the issuer's own documents say."""
    tokens = {"access_token": "new-access", "token_type": "Bearer", "expires_in": 60}
    document = {
        **DOCUMENT,
        "revocation_endpoint": "{base}/revoke",
        "introspection_endpoint": "{base}/introspect",
    }
    script = {OPENID: document, "/token": tokens, "/revoke": {}, "/introspect": {"active": True}}
    server = issuer_of(pages(**script))
    profile = ProviderProfile(provider="custom:acme", issuer=server.base, client_id="native")
    metadata = ADAPTER.metadata(profile, server.http, soon())
    grant = server.grant()
    grant = type(grant)(
        profile=profile, metadata=metadata, access_token=grant.access_token, refresh_token=grant.refresh_token
    )
    assert isinstance(ADAPTER.refresh(grant, server.http, soon()), TokenReply)
    assert ADAPTER.probe(grant, server.http, soon()) == "active"
    assert ADAPTER.revoke(grant, server.http, soon()) is None
    nowhere = server.grant()
    assert isinstance(ADAPTER.revoke(nowhere, server.http, soon()), OAuthFailure)


def test_it_has_no_keys_to_try_and_classifies_by_the_table(issuer_of):
    server = issuer_of(pages())
    assert ADAPTER.preflight(SensitiveBytes(b"key"), server.http, soon()).outcome == "unexpected"
    assert server.requests == []
    assert ADAPTER.classify(ProviderResponse(status=401, code="invalid_token")) == "refresh_due"


def test_its_header_is_the_standards():
    """Hazard H8 of auth profiles: a token was sent in the header that is for keys."""
    fields = ADAPTER.headers(SensitiveBytes(b"token"), "oauth")
    assert fields == {"authorization": SensitiveBytes(b"Bearer token")}

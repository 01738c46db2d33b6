"""Adapters behind the guard: what an author gets wrong costs no token, shows no secret, and is not told otherwise.

Each rule has a mutant of a working plugin.
"""

from __future__ import annotations

import pytest

from palyra_kernel import (
    Deadline,
    HttpRequest,
    OAuthFailure,
    OAuthMetadata,
    Preflight,
    ProviderProfile,
    ProviderResponse,
    SensitiveBytes,
    TokenReply,
)
from palyra_kernel.auth import builtin
from palyra_kernel.errors import ConflictError, DeniedError, IntegrityError, PalyraError, UnavailableError
from palyra_kernel.plugins import guard_oauth
from palyra_kernel.plugins.guard import guarded_adapter
from tests.plugins.acme_adapter import ADAPTER, KEY, METADATA, PROFILE, grant, past, returning, soon, wire
from tests.plugins.test_guard_sources import hosted
from tests.plugins.test_plugin_guard import PAYLOAD, Panic, everything_in, raise_it, raise_with_payload


def test_an_adapter_works(made_adapter):
    adapter = made_adapter()
    assert (adapter.provider, adapter.hosts) == ("acme", ("auth.acme.example", "api.acme.example"))
    assert adapter.metadata(PROFILE, wire(), soon()).token_endpoint == METADATA.token_endpoint
    assert adapter.refresh(grant(), wire(), soon()).access_token == b"new-access"
    assert adapter.revoke(grant(), wire(), soon()) is None
    assert adapter.probe(grant(), wire(), soon()) == "unknown"
    assert adapter.classify(ProviderResponse(status=402)) == "quota"
    assert adapter.preflight(KEY, wire(), soon()) == Preflight(outcome="ok", status=200)
    assert adapter.headers(SensitiveBytes(b"key"), "oauth") == {
        "authorization": SensitiveBytes(b"Bearer key")
    }


ERRORS = [
    ValueError(PAYLOAD),
    Panic(PAYLOAD),
    MemoryError(PAYLOAD),
    StopIteration(None),
    PalyraError("x", PAYLOAD),
]
errors = pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
hows = pytest.mark.parametrize("how", [raise_it, raise_with_payload])


@errors
@hows
def test_no_exception_of_an_author_gets_out_of_a_refresh(made_adapter, error, how):
    """Hazard H56 of auth profiles: clients quote the request, with the token in it. And whoever wrote down that a
    refresh began has to hear how it ended: an exception would have left the family suspect."""
    adapter = made_adapter(
        **dict.fromkeys(("refresh", "revoke", "probe", "preflight"), lambda *_: how(error))
    )
    failed = adapter.refresh(grant(), wire(), soon())
    assert isinstance(failed, OAuthFailure)
    assert failed.sent is False
    assert adapter.revoke(grant(), wire(), soon()) == failed
    assert adapter.probe(grant(), wire(), soon()) == "unknown"
    assert adapter.preflight(KEY, wire(), soon()) == Preflight(outcome="unexpected")
    assert PAYLOAD not in repr(failed)
    assert failed.code == ("not_configured" if isinstance(error, PalyraError) else "plugin_failed")


@errors
@hows
@pytest.mark.parametrize("method", ["metadata", "classify", "headers", "__init__"])
def test_what_else_goes_wrong_is_an_error_without_its_text(made_adapter, error, how, method):
    """Hazard H56 of auth profiles: no text, no cause, no frame of the author's with a secret in it."""
    call = {
        "metadata": lambda adapter: adapter.metadata(PROFILE, wire(), soon()),
        "classify": lambda adapter: adapter.classify(ProviderResponse(status=500)),
        "headers": lambda adapter: adapter.headers(KEY, "api_key"),
        "__init__": lambda adapter: adapter,
    }[method]
    with pytest.raises(PalyraError) as caught:
        call(made_adapter(**{method: lambda *_: how(error)}))
    if not isinstance(error, PalyraError):
        assert (type(caught.value), caught.value.code) == (UnavailableError, "plugin_failed")
        assert PAYLOAD not in everything_in(caught.value)


SENT = [
    (None, True),
    (UnavailableError("timeout", "late"), True),
    (IntegrityError("response_malformed", "no"), True),
    (DeniedError("redirect_refused", "no"), True),
    (ValueError("what is this"), True),
    (UnavailableError("connect_failed", "no"), False),
    (UnavailableError("name_not_found", "no"), False),
    (DeniedError("host_not_allowed", "no"), False),
]


@pytest.mark.parametrize(("outcome", "sent"), SENT, ids=lambda each: getattr(each, "code", str(each)))
@pytest.mark.parametrize("then", ["raise", "lie"])
def test_what_was_sent_is_counted_and_not_told(made_adapter, outcome, sent, then):
    """Hazards H32 and H37 of auth profiles: an author who says that nothing was sent, because it was the second
    request that failed, has the refresh token presented twice: that kills the family."""

    def refresh(self, grant, http, deadline):
        try:
            http.send(HttpRequest("POST", METADATA.token_endpoint), deadline=deadline)
        except (PalyraError, ValueError):
            if then == "raise":
                raise
        if then == "raise":
            raise UnavailableError("connect_failed", "the second one")
        return OAuthFailure(code="network", kind="transient", sent=False)

    failed = made_adapter(refresh=refresh).refresh(grant(), wire(outcome), soon())
    assert isinstance(failed, OAuthFailure)
    assert failed.sent is sent


def test_an_author_may_know_of_more_than_we_counted(made_adapter):
    failed = OAuthFailure(code="network", sent=True)
    assert made_adapter(refresh=returning(failed)).refresh(grant(), wire(), soon()) == failed


def test_a_request_ends_with_the_call(made_adapter):
    """Hazard H46 of auth profiles: an author who forgets the deadline, or makes a longer one, would hold a sweep
    up."""
    until = soon()

    def refresh(self, grant, http, deadline):
        for own in (None, Deadline.after(3600), Deadline(until.at - 5)):
            http.send(HttpRequest("POST", METADATA.token_endpoint), deadline=own)
        return OAuthFailure(code="network")

    client = wire()
    made_adapter(refresh=refresh).refresh(grant(), client, until)
    assert [each.at for each in client.deadlines] == [until.at, until.at, until.at - 5]


def test_the_shared_client_cannot_be_closed_by_an_author(made_adapter):
    adapter = made_adapter(preflight=lambda self, key, http, deadline: http.close())
    assert adapter.preflight(KEY, wire(), soon()) == Preflight(outcome="unexpected")


def test_an_answer_behind_its_deadline_does_not_count_but_a_token_does(made_adapter):
    """A token that came late is still the only one that lives: the old one was spent for it."""
    adapter = made_adapter(revoke=returning(None), probe=returning("active"))
    assert isinstance(adapter.refresh(grant(), wire(), past()), TokenReply)
    assert adapter.revoke(grant(), wire(), past()) is None
    assert adapter.probe(grant(), wire(), past()) == "unknown"
    assert adapter.preflight(KEY, wire(), past()) == Preflight(outcome="unavailable")
    with pytest.raises(UnavailableError) as caught:
        adapter.metadata(PROFILE, wire(), past())
    assert caught.value.code == "deadline"


def test_a_moment_behind_the_deadline_is_forgiven(made_adapter, monkeypatch):
    """An answer that came at the last moment still has to be read."""
    monkeypatch.setattr(guard_oauth, "LATE_SECONDS", 3600.0)
    adapter = made_adapter(probe=returning("active"))
    assert adapter.probe(grant(), wire(), past()) == "active"
    assert adapter.preflight(KEY, wire(), past()).outcome == "ok"


def test_tokens_are_copied_and_the_authors_are_wiped(made_adapter):
    """An author may keep what it returned, and so may whatever made_adapter it."""
    kept = TokenReply(
        access_token=SensitiveBytes(b"a-token"),
        refresh_token=SensitiveBytes(b"r-token"),
        scopes=("a",),
        clock_skew=1,
    )
    found = made_adapter(refresh=returning(kept)).refresh(grant(), wire(), soon())
    assert (found.access_token, found.refresh_token) == (
        SensitiveBytes(b"a-token"),
        SensitiveBytes(b"r-token"),
    )
    assert (found.scopes, found.clock_skew) == (("a",), 1.0)
    for token in (kept.access_token, kept.refresh_token):
        assert token is not None
        with pytest.raises(PalyraError):
            token.reveal()


def test_a_grants_own_token_that_comes_back_is_not_wiped(made_adapter):
    """An issuer that does not rotate: some authors return the old refresh token."""
    given = grant()
    reply = TokenReply(access_token=SensitiveBytes(b"a-token"), refresh_token=given.refresh_token)
    found = made_adapter(refresh=returning(reply)).refresh(given, wire(), soon())
    assert found.refresh_token == PAYLOAD.encode()
    assert found.refresh_token is not given.refresh_token
    assert given.refresh_token == PAYLOAD.encode()


ELSEWHERE = [
    ({"token_endpoint": "https://evil.example/token"}, "host_not_allowed"),
    ({"token_endpoint": "http://auth.acme.example/token"}, "host_not_allowed"),
    ({"token_endpoint": "http://auth.acme.example:443/token"}, "not_https"),
    ({"revocation_endpoint": "https://evil.example/revoke"}, "host_not_allowed"),
    ({"userinfo_endpoint": "https://127.0.0.1/me"}, "host_not_allowed"),
    ({"jwks_uri": "https://evil.example/keys"}, "host_not_allowed"),
    ({"authorization_endpoint": "http://evil.example/"}, "not_https"),
    ({"token_endpoint": "not an address"}, "bad_url"),
]


@pytest.mark.parametrize(("fields", "code"), ELSEWHERE, ids=str)
def test_an_endpoint_outside_of_an_adapters_hosts_is_refused(made_adapter, fields, code):
    """Hazard H48, invariant I7 of auth profiles: the token endpoint belongs to the adapter."""
    with pytest.raises(PalyraError) as caught:
        made_adapter(metadata=returning(OAuthMetadata(**fields))).metadata(PROFILE, wire(), soon())
    assert caught.value.code == code


@pytest.mark.parametrize(
    "hosts", [["auth.acme.example"], "auth.acme.example", (7,), ("",), ("x" * 301,), None]
)
def test_hosts_are_a_tuple_of_names(site, hosts):
    bad = ADAPTER.replace('("auth.acme.example", "api.acme.example")', repr(hosts))
    with pytest.raises(UnavailableError) as caught:
        hosted(site, ("bad", bad), builtins=(builtin,))
    assert caught.value.code == "plugin_refused"


def test_two_plugins_with_one_provider(site):
    with pytest.raises(ConflictError) as caught:
        _ = hosted(site, ("one", ADAPTER), ("two", ADAPTER)).registry.oauth_adapters
    assert caught.value.code == "plugin_duplicate"
    assert "acme-one" in caught.value.message
    assert "acme-two" in caught.value.message


def test_the_built_in_adapter_cannot_be_shadowed(site):
    """Whoever stands in for ``oidc`` gets the refresh tokens of every profile that names no adapter. It is refused at
    load, not when somebody first logs in."""
    with pytest.raises(ConflictError) as caught:
        hosted(site, ("evil", ADAPTER.replace('"acme"', '"oidc"')), builtins=(builtin,))
    assert "cannot be replaced" in (caught.value.hint or "")


def test_the_built_in_adapter_is_guarded_too(site):
    """An issuer names endpoints, and nobody but the guard looks where they are."""
    (offer,) = hosted(site, builtins=(builtin,)).registry.oauth_adapters.values()
    assert (offer.key, offer.builtin) == ("oidc", True)
    base = "https://issuer.example"
    document = {"issuer": base, "token_endpoint": "http://127.0.0.1:8080/token"}
    profile = ProviderProfile(provider="custom:acme", issuer=base)
    with pytest.raises(DeniedError) as caught:
        guarded_adapter(offer).metadata(profile, wire(document), soon())
    assert caught.value.code == "endpoint_inside"

"""Adapters, the real client and a vendor that misbehaves: what arrives there, and what is made of what comes back."""

from __future__ import annotations

from dataclasses import replace
from typing import cast
from urllib.parse import urlsplit

import pytest

from palyra_kernel import Deadline, HttpClient, OAuthGrant, ProviderProfile, SensitiveBytes
from palyra_kernel.auth.oidc import OidcAdapter
from palyra_kernel.contracts.oauth import OAuthFailure, TokenReply
from palyra_kernel.net import Limits
from palyra_oauth_openai import OpenAI
from palyra_provider_anthropic import Anthropic
from tests.auth.grants import CLIENT
from tests.auth.script import big, changed, cut, drip, error, half, html, never, redirect, status
from tests.auth.vendor import Vendor

KEY = b"sk-ant-or-openai-0123456789"
ADAPTERS = (OidcAdapter, OpenAI)
FIELDS = ("authorization", "x-api-key", "anthropic-version")


class Detour:
    """The real client, for a vendor of ours in place of an adapter's own hosts."""

    def __init__(self, vendor, inner):
        self.vendor = vendor
        self.inner = inner

    def send(self, request, *, deadline=None):
        path = urlsplit(request.url).path.removeprefix("/oauth")
        return self.inner.send(replace(request, url=self.vendor.url + path), deadline=deadline)


class Login:
    """A login at a vendor, through an adapter."""

    def __init__(self, adapter, vendor, inner):
        self.adapter = adapter()
        self.http = cast("HttpClient", Detour(vendor, inner))
        self.profile = ProviderProfile(provider=self.adapter.provider, issuer=vendor.url, client_id=CLIENT)
        self.metadata = self.adapter.metadata(self.profile, self.http, soon())
        self.access, self.token = vendor.issue(["read"])

    @property
    def grant(self):
        return OAuthGrant(
            profile=self.profile,
            metadata=self.metadata,
            access_token=SensitiveBytes(self.access.encode()),
            refresh_token=SensitiveBytes(self.token.encode()),
        )

    def refresh(self):
        """One refresh; what came is what is presented next."""
        outcome = self.adapter.refresh(self.grant, self.http, soon())
        if isinstance(outcome, TokenReply):
            self.access = outcome.access_token.reveal().decode()
            if outcome.refresh_token is not None:
                self.token = outcome.refresh_token.reveal().decode()
        return outcome


def soon():
    return Deadline.after(10)


@pytest.fixture
def vendor():
    with Vendor() as vendor:
        yield vendor


@pytest.fixture
def inner(vendor):
    with HttpClient([], loopback=[vendor.host], limits=Limits(total_seconds=0.5)) as inner:
        yield inner


@pytest.fixture(params=ADAPTERS)
def login(request, vendor, inner):
    return Login(request.param, vendor, inner)


def test_a_login_that_rotates(login, vendor):
    for _ in range(5):
        assert isinstance(login.refresh(), TokenReply)
        assert vendor.works(login.access)
    assert vendor.family(login.token).refreshes == 5
    assert vendor.revoked_families == set()


def test_a_login_that_does_not_rotate(login, vendor):
    vendor.adjust("rotates", False)
    first = login.token
    assert isinstance(login.refresh(), TokenReply)
    vendor.script(changed("refresh_token"))
    outcome = login.refresh()
    assert isinstance(outcome, TokenReply)
    assert (outcome.refresh_token, login.token) == (None, first)


def test_a_spent_token_ends_the_login(login, vendor):
    """Hazard H7 of auth profiles: it came back as 'status 400', and was tried again."""
    spent = login.token
    login.refresh()
    login.token = spent
    outcome = login.refresh()
    assert isinstance(outcome, OAuthFailure)
    assert (outcome.code, outcome.kind) == ("invalid_grant", "auth_invalid")
    assert vendor.reused_families == {vendor.family(spent).name}


TROUBLE = {
    "401": (status(401, b"{}"), "http_status", 0),
    "402": (status(402, b"{}"), "http_status", 0),
    "403": (status(403, b"{}"), "http_status", 0),
    "429": (status(429, b"{}", retry_after="7"), "http_status", 0),
    "500": (status(500, b"{}"), "http_status", 0),
    "503": (error("invalid_grant", 503), "http_status", 0),
    "later": (error("temporarily_unavailable"), "temporarily_unavailable", 0),
    "a page": (html(), "invalid_response", 0),
    "a page, 502": (html(502), "http_status", 0),
    "no token": (changed("access_token"), "invalid_response", 1),
    "ten megabytes": (big(), "invalid_response", 1),
    "half": (half(), "network", 1),
    "cut": (cut(), "network", 1),
    "cut before": (cut(acts=False), "network", 0),
    "never": (never(), "network", 1),
    "drip": (drip(), "network", 1),
}


@pytest.mark.parametrize("what", TROUBLE)
def test_trouble_is_a_failure_and_one_request(login, vendor, what):
    """Hazards H37 and H55 of auth profiles: whoever does not know whether a token is spent says so, and presents it to
    nobody; a body without end is not read to its end."""
    step, code, refreshes = TROUBLE[what]
    vendor.script(step)
    outcome = login.refresh()
    assert isinstance(outcome, OAuthFailure)
    assert (outcome.code, outcome.sent) == (code, True)
    assert outcome.retry_after_seconds == (7 if what == "429" else None)
    assert vendor.counts["POST /token"] == 1
    assert vendor.family(login.token).refreshes == refreshes


@pytest.mark.parametrize("said", [0, -1, 120, "120", 1_800_000_000, 12.5, "1h", 10**18, None])
def test_odd_lifetimes_arrive_as_they_are(login, vendor, said):
    """Hazard H11 of auth profiles: an adapter that makes sense of them hides from the kernel what came."""
    vendor.script(changed(expires_in=said))
    outcome = login.refresh()
    assert isinstance(outcome, TokenReply)
    assert outcome.expires_in == said


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_takes_nothing_along(login, vendor, code):
    """Hazard H47 of auth profiles: on every path of a client, another host got the credential."""
    with Vendor() as other:
        for path in ("/token", "/revoke", "/introspect", "/userinfo", "/v1/models"):
            vendor.always(redirect(other.url + path, code), path)
        assert isinstance(login.refresh(), OAuthFailure)
        assert isinstance(login.adapter.revoke(login.grant, login.http, soon()), OAuthFailure)
        assert login.adapter.probe(login.grant, login.http, soon()) == "unknown"
        assert login.adapter.preflight(SensitiveBytes(KEY), login.http, soon()).outcome == "unexpected"
        assert other.requests == []


def test_a_login_that_is_revoked(login, vendor):
    """Hazard H42 of auth profiles: both tokens, each with its hint."""
    assert login.adapter.probe(login.grant, login.http, soon()) == "active"
    assert login.adapter.revoke(login.grant, login.http, soon()) is None
    hints = {
        seen.form["token"]: seen.form["token_type_hint"] for seen in vendor.requests if seen.path == "/revoke"
    }
    assert hints == {login.access: "access_token", login.token: "refresh_token"}
    assert not vendor.works(login.access)
    assert vendor.revoked_families == {vendor.family(login.token).name}
    assert login.adapter.probe(login.grant, login.http, soon()) == "inactive"


@pytest.mark.parametrize(
    ("adapter", "shown"),
    [
        (OpenAI, {"authorization": f"Bearer {KEY.decode()}"}),
        (Anthropic, {"x-api-key": KEY.decode(), "anthropic-version": "2023-06-01"}),
    ],
)
def test_what_arrives_with_a_key(vendor, inner, adapter, shown):
    """Hazard H8 of auth profiles: the provider sees exactly these fields, and no other with the key in it."""
    http = cast("HttpClient", Detour(vendor, inner))
    assert adapter().preflight(SensitiveBytes(KEY), http, soon()).outcome == "invalid_credential"
    vendor.keys.add(KEY.decode())
    assert adapter().preflight(SensitiveBytes(KEY), http, soon()).outcome == "ok"
    for seen in vendor.requests:
        fields = {
            name: seen.headers[name]
            for name in ("authorization", "x-api-key", "anthropic-version")
            if name in seen.headers
        }
        assert fields == shown
        assert [name for name, value in seen.headers.items() if KEY.decode() in value] == list(shown)[:1]

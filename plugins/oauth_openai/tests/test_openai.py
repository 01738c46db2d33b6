"""The facts of one provider: endpoints, scopes, how often a key is tried, and its own words for a spent token."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from palyra_kernel import (
    Deadline,
    OAuthFailure,
    OAuthGrant,
    Preflight,
    ProviderProfile,
    ProviderResponse,
    SensitiveBytes,
)
from palyra_kernel.testing import HttpReply, ScriptedClient
from palyra_oauth_openai import OpenAI
from palyra_oauth_openai.errors import KINDS

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
PROFILE = ProviderProfile(provider="openai", client_id="app_1")


def answered(*answers):
    """A network that answers so."""
    wire = ScriptedClient(OpenAI.hosts)
    wire.script(*answers)
    return wire


class AtOnce(OpenAI):
    pause_seconds = 0.0


def grant():
    return OAuthGrant(
        profile=PROFILE,
        metadata=AtOnce().metadata(PROFILE, answered().client, Deadline.after(5)),
        access_token=SensitiveBytes(b"access-token-1"),
        refresh_token=SensitiveBytes(b"refresh-token-1"),
    )


def test_the_endpoints_are_those_of_openai():
    """Hazard H48 of auth profiles: they are the adapter's, whatever a profile says."""
    wire = answered()
    profile = ProviderProfile(provider="openai", token_endpoint="https://elsewhere.example/token")
    found = OpenAI().metadata(profile, wire.client, Deadline.after(5))
    assert found.authorization_endpoint == "https://auth.openai.com/authorize"
    assert found.token_endpoint == "https://auth0.openai.com/oauth/token"
    assert found.revocation_endpoint == "https://auth0.openai.com/oauth/revoke"
    assert found.default_scopes == ("openid", "profile", "email", "offline_access")
    assert dict(found.authorize_parameters) == {"audience": "https://api.openai.com/v1"}
    assert wire.sent == []


def test_the_hosts_are_two():
    """Hazard H47 of auth profiles: no other host ever gets a credential."""
    assert OpenAI.hosts == ("api.openai.com", "auth0.openai.com")


@pytest.mark.parametrize("kind", ["api_key", "oauth", "source"])
def test_every_credential_is_a_bearer(kind):
    """Hazard H8 of auth profiles: the exact field and what stands before the credential."""
    fields = OpenAI().headers(SensitiveBytes(b"sk-proj-1234"), kind)
    assert fields.keys() == {"authorization"}
    value = fields["authorization"]
    assert isinstance(value, SensitiveBytes)
    assert value.reveal() == b"Bearer sk-proj-1234"


@pytest.mark.parametrize(
    ("answer", "outcome", "tries"),
    [
        (HttpReply(json={"object": "list", "data": []}), "ok", 1),
        (HttpReply(status=401), "invalid_credential", 1),
        (HttpReply(status=403), "invalid_credential", 1),
        (HttpReply(status=429), "rate_limited", 1),
        (HttpReply(status=500), "unavailable", 1),
        (HttpReply(status=503), "unavailable", 1),
        (HttpReply(status=404), "unexpected", 1),
        ("connect_failed", "unavailable", 5),
        ("timeout", "unavailable", 5),
    ],
)
def test_how_often_a_key_is_tried(answer, outcome, tries):
    """Again only while nobody answers."""
    wire = answered(answer)
    found = AtOnce().preflight(SensitiveBytes(b"sk-proj-1234"), wire.client, Deadline.after(30))
    assert (found.outcome, len(wire.sent)) == (outcome, tries)
    assert {(one.method, one.url) for one in wire.sent} == {("GET", "https://api.openai.com/v1/models")}


def test_a_connection_that_comes_back():
    wire = answered("connect_failed", "timeout", HttpReply(json={}))
    assert AtOnce().preflight(SensitiveBytes(b"k"), wire.client, Deadline.after(30)).outcome == "ok"
    assert len(wire.sent) == 3


def test_tries_end_with_the_time():
    assert OpenAI().preflight(
        SensitiveBytes(b"k"), answered("timeout").client, Deadline.after(-1)
    ) == Preflight(outcome="unavailable")


@pytest.mark.parametrize(
    "word", ["refresh_token_expired", "refresh_token_invalidated", "refresh_token_reused"]
)
def test_its_words_for_a_spent_token(word):
    """Hazard H7 of auth profiles: they come with status 401, and mean that only a login helps."""
    for error in (word, {"code": word}):
        wire = answered(HttpReply(status=401, json={"error": error}))
        found = AtOnce().refresh(grant(), wire.client, Deadline.after(5))
        assert isinstance(found, OAuthFailure)
        assert found.code == "invalid_grant"


def test_a_server_that_is_down_has_no_opinion_of_a_token():
    wire = answered(HttpReply(status=503, json={"error": "refresh_token_reused"}))
    found = AtOnce().refresh(grant(), wire.client, Deadline.after(5))
    assert isinstance(found, OAuthFailure)
    assert (found.code, found.kind) == ("http_status", "transient")


def test_the_readme_lists_every_code():
    """Hazard H30 of auth profiles: the table that people read is the one that decides."""
    rows = re.findall(r"^\| (\d{3}) `(\w+)` \| (`\w+`|nothing) \|", README, re.MULTILINE)
    said = {
        (int(status), code): None if kind == "nothing" else kind.strip("`") for status, code, kind in rows
    }
    assert said == dict(KINDS)


@pytest.mark.parametrize("word", ["policy", "quota", "billing", "expired", "your credit balance is too low"])
def test_no_text_says_what_an_error_means(word):
    """Hazard H30 of auth profiles: a 403 whose text mentioned 'policy' was not recorded."""
    for status, kind in ((400, None), (401, "auth_invalid"), (403, "auth_invalid"), (500, "transient")):
        for response in (
            ProviderResponse(status=status, code=word),
            ProviderResponse(status=status, headers={"x-message": word}),
        ):
            assert OpenAI().classify(response) == kind


def test_it_costs_nothing_until_it_is_used():
    """An enabled plugin is imported by every command; the HTTP client takes longer than all the rest of a short one."""
    code = "import sys, palyra_oauth_openai; print('palyra_kernel.net' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"

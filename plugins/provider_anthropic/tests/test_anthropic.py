"""The facts of one provider: its header fields, how often a key is tried, and that there are no logins."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from palyra_kernel import (
    Deadline,
    InvalidInputError,
    OAuthFailure,
    OAuthGrant,
    OAuthMetadata,
    ProviderProfile,
    ProviderResponse,
    SensitiveBytes,
)
from palyra_kernel.testing import HttpReply, ScriptedClient
from palyra_provider_anthropic import Anthropic
from palyra_provider_anthropic.errors import KINDS

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
KEY = b"sk-ant-api03-1234"


def answered(*answers):
    """A network that answers so."""
    wire = ScriptedClient(Anthropic.hosts)
    wire.script(*answers)
    return wire


class AtOnce(Anthropic):
    pause_seconds = 0.0


@pytest.mark.parametrize("kind", ["api_key", "source"])
def test_a_key_has_its_own_field(kind):
    """Hazard H8 of auth profiles: the exact names, and no Authorization beside them."""
    fields = Anthropic().headers(SensitiveBytes(KEY), kind)
    assert fields.keys() == {"x-api-key", "anthropic-version"}
    key = fields["x-api-key"]
    assert isinstance(key, SensitiveBytes)
    assert (key.reveal(), fields["anthropic-version"]) == (KEY, "2023-06-01")


def test_a_token_is_never_sent_as_a_key():
    """Hazard H8 of auth profiles: the token of a login went out as x-api-key."""
    with pytest.raises(InvalidInputError) as caught:
        Anthropic().headers(SensitiveBytes(KEY), "oauth")
    assert caught.value.code == "no_logins"


def test_there_are_no_logins():
    wire = answered()
    profile = ProviderProfile(
        provider="anthropic", client_id="x", token_endpoint="https://elsewhere.example/token"
    )
    grant = OAuthGrant(profile=profile, metadata=OAuthMetadata(), refresh_token=SensitiveBytes(KEY))
    assert Anthropic().metadata(profile, wire.client, Deadline.after(5)) == OAuthMetadata()
    failure = Anthropic().refresh(grant, wire.client, Deadline.after(5))
    assert isinstance(failure, OAuthFailure)
    assert (failure.code, failure.kind, failure.sent) == ("unsupported", "config_missing", False)
    assert wire.sent == []


@pytest.mark.parametrize(
    ("answer", "outcome", "tries"),
    [
        (HttpReply(json={"data": []}), "ok", 1),
        (HttpReply(status=401), "invalid_credential", 1),
        (HttpReply(status=403), "invalid_credential", 1),
        (HttpReply(status=429), "rate_limited", 1),
        (HttpReply(status=404), "unexpected", 1),
        (HttpReply(status=500), "unavailable", 3),
        (HttpReply(status=529), "unavailable", 3),
        ("timeout", "unavailable", 3),
    ],
)
def test_how_often_a_key_is_tried(answer, outcome, tries):
    """Again only while nobody answers, or while the server says that it cannot."""
    wire = answered(answer)
    found = AtOnce().preflight(SensitiveBytes(KEY), wire.client, Deadline.after(30))
    assert (found.outcome, len(wire.sent)) == (outcome, tries)
    for sent in wire.sent:
        assert (sent.method, sent.url) == ("GET", "https://api.anthropic.com/v1/models")
        assert (sent.headers["x-api-key"], sent.headers["anthropic-version"]) == (KEY, b"2023-06-01")


def test_the_readme_lists_every_type():
    """Hazard H30 of auth profiles: the table that people read is the one that decides."""
    rows = re.findall(r"^\| (\d{3}) `(\w+)` \| `(\w+)` \|", README, re.MULTILINE)
    assert {(int(status), code): kind for status, code, kind in rows} == dict(KINDS)


@pytest.mark.parametrize("word", ["policy", "quota", "billing", "expired", "your credit balance is too low"])
def test_no_text_says_what_an_error_means(word):
    """Hazard H30 of auth profiles: a 403 whose text mentioned 'policy' was not recorded."""
    for status, kind in ((400, None), (401, "auth_invalid"), (403, "auth_invalid"), (500, "transient")):
        for response in (
            ProviderResponse(status=status, code=word),
            ProviderResponse(status=status, headers={"x-message": word}),
        ):
            assert Anthropic().classify(response) == kind


def test_it_costs_nothing_until_it_is_used():
    """An enabled plugin is imported by every command; the HTTP client takes longer than all the rest of a short one."""
    code = "import sys, palyra_provider_anthropic; print('palyra_kernel.net' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"

"""``palyra auth token``: masked unless it is asked for, and fresh when it is."""

from __future__ import annotations

import pytest


def test_without_reveal_nothing_is_opened_and_nobody_is_asked(auth, vendor, opened):
    """Hazard H45 of auth profiles: looking decrypted every secret. Hazard H59: looking refreshed tokens."""
    auth.logged_in("work")
    asked, before = len(vendor.requests), auth.records()
    opened.clear()
    done = auth("token", "custom:acme")
    assert (done.code, done.text) == (0, "work  <redacted>  custom:acme, oauth, valid\n")
    assert auth("token", "custom:acme", "--json").json == {
        "version": 1,
        "profile_id": "work",
        "provider": "custom:acme",
        "credential_type": "oauth",
        "token_state": "valid",
        "redacted": True,
    }
    assert (opened, len(vendor.requests), auth.records()) == ([], asked, before)


def test_reveal_gives_the_exact_bytes(auth, vendor):
    auth.logged_in("work")
    token = auth("token", "custom:acme", "--reveal").text
    assert vendor.works(token)
    assert auth("token", "work", "--reveal", "--header").text == f"authorization: Bearer {token}\n"


def test_programs_learn_how_long_it_holds(auth):
    """As `credential_process` of other tools: a version, the token, and when to ask again."""
    auth.logged_in("work")
    found = auth("token", "work", "--reveal", "--json").json
    assert set(found) == {"version", "profile_id", "provider", "credential_type", "expires_at", "token"}
    assert found["expires_at"].endswith("Z")
    headers = auth("token", "work", "--reveal", "--header", "--json").json["headers"]
    assert headers == {"authorization": f"Bearer {found['token']}"}
    auth.key("key")
    assert auth("token", "key", "--reveal", "--json").json["expires_at"] is None


def test_a_token_that_is_too_old_is_refreshed_before_it_is_given(auth, vendor):
    """Hazard H1 of auth profiles: what was refreshed never reached whoever used it."""
    auth.logged_in("work")
    auth.age("work")
    assert vendor.works(auth("token", "work", "--reveal").text)
    assert vendor.counts["refreshed"] == 1


@pytest.mark.parametrize(
    ("arguments", "exit_code", "code"),
    [
        (("custom:none",), 3, "no_profile"),
        (("none",), 3, "no_profile"),
        (("custom:none", "--reveal"), 3, "no_profile"),
        (("a b",), 2, "invalid_selector"),
        (("custom:acme", "--header"), 2, "usage"),
        (("custom:acme", "--agent", "a b"), 2, "invalid_selector"),
    ],
)
def test_errors_have_their_codes_whether_it_is_revealed_or_not(auth, arguments, exit_code, code):
    done = auth("token", *arguments, "--json")
    assert (done.code, done.out) == (exit_code, b"")
    if code == "invalid_selector":
        assert done.error["kind"] == "invalid_input"
    else:
        assert done.error["code"] == code


def test_a_profile_of_an_agent_is_for_that_agent(auth):
    """Hazard H14 of auth profiles: without an agent, all agents' private profiles counted."""
    auth.key("private", "--for", "agent:planner")
    assert auth("token", "custom:acme").code == 3
    assert auth("token", "custom:acme", "--agent", "writer").code == 3
    assert auth("token", "custom:acme", "--agent", "planner").text.startswith("private ")


def test_an_ended_login_says_what_to_do(auth, vendor):
    """Hazard H7 of auth profiles: `invalid_grant` was retried for ever."""
    from tests.auth.script import error

    auth.logged_in("work")
    vendor.script(error("invalid_grant"))
    done = auth("profiles", "refresh", "work", "--json")
    assert (done.code, done.error["code"]) == (6, "reauth_required")
    done = auth("token", "work", "--reveal", "--json")
    assert (done.code, done.error["code"]) == (6, "reauth_required")
    assert done.error["hint"] == "palyra auth login --id work"
    assert auth("token", "work").code == 6

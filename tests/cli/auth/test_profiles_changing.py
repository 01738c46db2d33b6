"""``palyra auth profiles refresh``, ``test`` and ``rename``."""

from __future__ import annotations

import pytest

from tests.auth.script import cut, error, status


def test_refresh_now(auth, vendor):
    auth.logged_in("work")
    first = auth("token", "work", "--reveal").text
    done = auth("profiles", "refresh", "work", "--json")
    assert (done.code, done.json["outcome"], done.json["generation"]) == (0, "succeeded", 2)
    assert auth("token", "work", "--reveal").text != first
    assert vendor.counts["refreshed"] == 1
    assert vendor.revoked_families == set()


@pytest.mark.parametrize(
    ("step", "code"),
    [(error("invalid_grant"), "reauth_required"), (status(503), "refresh_failed"), (cut(), "suspect")],
    ids=["ended", "busy", "lost"],
)
def test_a_refresh_that_fails_says_what_became_of_the_login(auth, vendor, step, code):
    auth.logged_in("work")
    vendor.script(step)
    done = auth("profiles", "refresh", "work", "--json")
    assert (done.code, done.error["code"], done.out) == (6, code, b"")


def test_a_key_is_nothing_to_refresh(auth, vendor):
    """Hazard H21 of auth profiles: a refresh took any profile, and sent it to the provider it knew."""
    auth.key("work")
    done = auth("profiles", "refresh", "work", "--json")
    assert (done.code, done.error["code"]) == (2, "not_oauth")
    assert auth("profiles", "refresh", "none", "--json").error["code"] == "profile_missing"
    assert vendor.requests == []


def test_a_credential_can_be_tried(auth, vendor):
    """Hazard H59 of auth profiles: there was no way to try one."""
    auth.logged_in("work")
    assert auth("profiles", "test", "work", "--json").json == {"profile_id": "work", "outcome": "ok"}
    vendor.end(auth("token", "work", "--reveal").text)
    done = auth("profiles", "test", "work", "--json")
    assert (done.code, done.error["code"]) == (6, "credential_refused")
    assert done.error["hint"] == "palyra auth login --id work"


def test_a_key_whose_provider_nobody_knows_is_not_sent_anywhere(auth, vendor):
    auth.key("key")
    assert auth("profiles", "test", "key", "--json").json["outcome"] == "unknown"
    assert vendor.requests == []


def test_a_new_name_leaves_all_else(auth):
    """Hazard H20 of auth profiles: a change of the name wiped the back-off."""
    auth.logged_in("work")
    token = auth("token", "work", "--reveal").text
    done = auth("profiles", "rename", "work", "Work, paid by the team")
    assert (done.code, done.text) == (0, "renamed: work is called 'Work, paid by the team'\n")
    assert auth("profiles", "show", "work", "--json").json["name"] == "Work, paid by the team"
    assert auth("token", "work", "--reveal").text == token
    assert auth("profiles", "rename", "work", "a\nb", "--json").error["code"] == "invalid_name"

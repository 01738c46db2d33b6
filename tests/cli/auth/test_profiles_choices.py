"""``palyra auth profiles use``, ``order``, ``enable``, ``disable`` and ``clear``: what an operator says counts."""

from __future__ import annotations

import pytest

from tests.auth.script import HONEST, status


def _chosen(auth, *options: str):
    return auth("profiles", "explain", "custom:acme", *options, "--json").json["selected_profile_id"]


def test_a_default_for_each_provider_and_each_scope(auth):
    """Hazard H9 of auth profiles: there was one default for the whole daemon."""
    for name in ("a", "b"):
        auth.key(name)
    auth.key("mine", "--for", "agent:planner")
    assert auth("profiles", "use", "b").text == "the default of custom:acme for global: b\n"
    assert (_chosen(auth), auth("token", "custom:acme", "--reveal").code) == ("b", 0)
    done = auth("profiles", "use", "a", "--for", "agent:planner", "--json")
    assert done.json == {"provider": "custom:acme", "scope": "agent:planner", "profile_id": "a"}
    assert (_chosen(auth), _chosen(auth, "--agent", "planner")) == ("b", "a")
    assert auth("profiles", "use", "custom:acme", "--none").text.endswith("global: none\n")
    with auth.kernel() as kernel:
        assert [*kernel.auth.parts.chosen.read().defaults.values()] == ["a"]


def test_an_order_is_shown_set_and_taken_away(auth):
    """Hazard H16 of auth profiles: an order could not be removed."""
    for name in ("a", "b", "c"):
        auth.key(name)
    assert auth("profiles", "order", "custom:acme").text.endswith("none, so each in its turn\n")
    assert auth("profiles", "order", "custom:acme", "C", "a", "c").text.endswith("global: c, a\n")
    assert auth("profiles", "order", "custom:acme", "--json").json == {
        "provider": "custom:acme",
        "scope": "global",
        "profile_ids": ["c", "a"],
        "default": None,
    }
    reasons = {
        each["profile_id"]: each["reason_code"]
        for each in auth("profiles", "explain", "custom:acme", "--json").json["candidates"]
    }
    assert (_chosen(auth), reasons["b"]) == ("c", "not_in_explicit_order")
    assert auth("profiles", "order", "custom:acme", "--none").code == 0
    assert auth("profiles", "order", "custom:acme", "--json").json["profile_ids"] == []


@pytest.mark.parametrize(
    ("arguments", "exit_code", "code"),
    [
        (("use", "none"), 3, "profile_missing"),
        (("use", "custom:acme"), 3, "profile_missing"),
        (("use", "a", "--for", "tenant:x"), 2, "invalid_scope"),
        (("use", "a", "--for", "global"), None, None),
        (("order", "openai", "a"), 2, "other_provider"),
        (("order", "custom:acme", "none"), 3, "profile_missing"),
        (("order", "nobody", "a"), 2, "invalid_provider"),
        (("order", "custom:acme", "a", "--none"), 2, "usage"),
        (("enable", "none"), 3, "profile_missing"),
        (("disable", "none"), 3, "profile_missing"),
        (("clear", "none"), 3, "profile_missing"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else None,
)
def test_a_choice_that_chooses_nothing_is_refused(auth, arguments, exit_code, code):
    """Hazard H25 of auth profiles: what was not understood meant no filter."""
    auth.key("a")
    done = auth("profiles", *arguments, "--json")
    if code is None:
        assert done.code == 0
    else:
        assert (done.code, done.error["code"]) == (exit_code, code)


def test_what_is_disabled_is_used_by_nobody_until_it_is_enabled(auth):
    """Hazard H6 of auth profiles: there was no way to switch a profile off."""
    auth.key("work")
    assert auth("profiles", "disable", "work").text == "disabled: work\n"
    done = auth("token", "work", "--reveal", "--json")
    assert (done.code, done.error["code"]) == (6, "disabled")
    assert done.error["hint"] == "palyra auth profiles enable work"
    assert auth("profiles", "enable", "WORK").text == "enabled: work\n"
    assert auth("token", "work", "--reveal").code == 0


def test_clear_clears_every_layer(auth, vendor):
    """Hazard H12 of auth profiles: the wait after a refresh that failed stayed, and with it the cooldown."""
    auth.logged_in("work")
    auth.age("work")
    vendor.always(status(503))
    assert auth("profiles", "refresh", "work").code == 6
    with auth.kernel() as kernel:
        assert kernel.auth.parts.families.read("work")[1].gate_ms > 0
    assert auth("token", "work", "--reveal").code == 6
    assert auth("profiles", "clear", "work").text == "cleared: work\n"
    with auth.kernel() as kernel:
        assert kernel.auth.parts.families.read("work")[1].gate_ms == 0
    vendor.always(HONEST)
    assert vendor.works(auth("token", "work", "--reveal").text)

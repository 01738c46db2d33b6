"""``palyra auth profiles list``, ``show`` and ``explain``: they look, and do nothing else."""

from __future__ import annotations

import pytest

from tests.test_public_face import modules_after

READING = [
    ("profiles", "list"),
    ("profiles", "list", "--provider", "custom:acme", "--for", "global", "--type", "oauth"),
    ("profiles", "show", "work"),
    ("profiles", "explain", "custom:acme"),
    ("profiles", "explain", "work"),
    ("profiles", "order", "custom:acme"),
    ("profiles", "health"),
    ("profiles", "doctor"),
    ("profiles", "export"),
    ("token", "custom:acme"),
]
HEAVY = {"authlib", "httpx2", "httpcore2", "joserfc", "segno"}


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
def test_what_reads_opens_nothing_asks_nobody_and_changes_nothing(auth, vendor, opened, form):
    """Invariant I9. Hazard H45 of auth profiles: health and selection decrypted and rewrote. Hazard H53: reads
    refreshed tokens and polled logins. Hazard H59: looking needed a daemon."""
    auth.logged_in("work")
    auth.key("key")
    asked, before = len(vendor.requests), auth.records()
    opened.clear()
    for words in READING:
        assert auth(*words, *form).code == 0, words
    assert (opened, len(vendor.requests)) == ([], asked)
    assert auth.records() == before


def test_what_reads_imports_no_network_and_no_cryptography_of_tokens(auth):
    """Importing the transport costs more than all the rest of such a run."""
    auth.key("work")
    run = "from palyra_kernel.cli.start import run; import sys"
    each = "; ".join(f"run([*sys.argv[1:], 'auth', *{words!r}])" for words in READING)
    _, modules = modules_after(f"{run}; {each}", *auth.call.places)
    assert {"palyra_kernel.auth.service", "palyra_kernel.cli.auth.token"} <= modules
    assert modules.isdisjoint(HEAVY), modules & HEAVY


def test_a_list_comes_in_pages_and_each_profile_once(auth):
    """Hazard H25 of auth profiles: a cursor that was deleted was an error, and long lists were cut."""
    for number in range(7):
        auth.key(f"key-{number}")
    seen: list[str] = []
    cursor = ""
    while True:
        found = auth("profiles", "list", "--limit", "3", "--after", cursor, "--json").json
        seen += [each["profile_id"] for each in found["profiles"]]
        assert found["page"]["returned"] == len(found["profiles"])
        if len(seen) == 3:
            auth("logout", "key-2", "--yes")  # the cursor itself
            auth("logout", "key-3", "--yes")
        cursor = found["page"]["next_cursor"]
        if cursor is None:
            break
    assert seen == [f"key-{number}" for number in (0, 1, 2, 4, 5, 6)]
    assert "--after key-1" in auth("profiles", "list", "--limit", "2").text


@pytest.mark.parametrize(
    ("option", "value", "code"),
    [
        ("--provider", "nobody", "invalid_provider"),
        ("--provider", "custom", "invalid_provider"),
        ("--for", "tenant:x", "invalid_scope"),
        ("--for", "agent", "invalid_scope"),
        ("--type", "password", "usage"),
        ("--limit", "0", "usage"),
        ("--limit", "501", "usage"),
    ],
)
def test_an_unknown_filter_is_an_error(auth, option, value, code):
    """Hazard H25 of auth profiles: an unknown filter meant no filter."""
    done = auth("profiles", "list", option, value, "--json")
    assert (done.code, done.error["code"], done.out) == (2, code, b"")


def test_filters_mean_what_they_say(auth):
    auth.key("mine")
    auth.key("its", "--for", "agent:planner")
    auth.logged_in("login")

    def ids(*options: str) -> list[str]:
        return [each["profile_id"] for each in auth("profiles", "list", *options, "--json").json["profiles"]]

    assert ids() == ["its", "login", "mine"]
    assert ids("--for", "agent:planner") == ["its"]
    assert ids("--type", "oauth") == ["login"]
    assert ids("--provider", "openai") == []
    assert (
        auth("profiles", "list", "--provider", "openai").text == "no profiles: palyra auth login PROVIDER\n"
    )


def test_show_says_where_the_credential_goes(auth, vendor):
    auth.logged_in("work")
    text = auth("profiles", "show", "work").text
    assert f"token endpoint  {vendor.url}/token\n" in text
    assert "can be used     eligible\n" in text
    fields = auth("profiles", "show", "work", "--json").json
    assert fields["credential"]["scopes"] == ["read"]
    assert auth("profiles", "show", "none", "--json").error["code"] == "profile_missing"


def test_show_knows_profiles_of_others_too(auth):
    auth.key("its", "--for", "workspace:lab")
    assert auth("profiles", "show", "its", "--json").json["standing"]["reason_code"] == "eligible"


def test_explain_names_the_winner_and_why_each_other_lost(auth):
    auth.key("a")
    auth.logged_in("b", "--use")
    found = auth("profiles", "explain", "custom:acme", "--json").json
    assert found["selected_profile_id"] == "b"
    found = auth("profiles", "explain", "custom:acme", "--denied", "b", "--json").json
    reasons = {each["profile_id"]: each["reason_code"] for each in found["candidates"]}
    assert (found["selected_profile_id"], reasons["b"]) == ("a", "policy_denied")
    found = auth("profiles", "explain", "custom:acme", "--type", "oauth", "--order", "a", "--json").json
    assert found["selected_profile_id"] is None
    text = auth("profiles", "explain", "custom:acme").text
    assert text.startswith("custom:acme: b, by global\n")
    assert "no profile; palyra auth login custom:none" in auth("profiles", "explain", "custom:none").text

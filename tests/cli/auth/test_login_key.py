"""Keys by the command line: from standard input or typed unseen, and read back by nobody."""

from __future__ import annotations

import pytest

CANARY = b"sk-canary-0123456789"


def test_a_key_comes_in_by_standard_input_and_is_shown_nowhere(auth):
    """Hazard H56 of auth profiles: records with keys in them could be printed."""
    done = auth("login", "custom:acme", "--api-key-stdin", "--id", "work", "--use", stdin=CANARY + b"\r\n")
    assert (done.code, done.text) == (0, "stored: work (custom:acme, global), the default for custom:acme\n")
    assert auth("token", "work", "--reveal").out == CANARY
    for words in (("list",), ("show", "work"), ("explain", "custom:acme"), ("rename", "work", "New")):
        for form in ((), ("--json",)):
            said = auth("profiles", *words, *form)
            assert said.code == 0
            assert "canary" not in said.text + said.err
    for stored in auth.records().values():
        assert CANARY not in repr(stored).encode()


def test_a_key_is_typed_unseen_on_a_terminal(auth, prompts):
    prompts.append(CANARY.decode())
    assert auth("login", "custom:acme", "--api-key-stdin", "--id", "work", terminal=True).code == 0
    assert auth("token", "work", "--reveal").out == CANARY


@pytest.mark.parametrize(
    ("stdin", "code"),
    [
        (b"", "no_input"),
        (b"\n", "no_input"),
        (b"a key", "invalid_key"),
        (b"k\0y", "invalid_key"),
        ("kéy".encode(), "invalid_key"),
        (b"k" * 8193, "value_too_large"),
    ],
)
def test_what_is_no_key_is_not_stored(auth, stdin, code):
    before = auth.envelopes()
    done = auth("login", "custom:acme", "--api-key-stdin", "--json", stdin=stdin)
    assert (done.code, done.error["code"], done.out) == (2, code, b"")
    assert auth.envelopes() == before


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_a_provider_with_ways_of_its_own_needs_its_plugin(auth, provider):
    """Hazard H8 of auth profiles: a credential was presented as another provider wants it."""
    before = auth.envelopes()
    done = auth("login", provider, "--api-key-stdin", "--json", stdin=CANARY)
    assert (done.code, done.error["code"]) == (6, "adapter_missing")
    assert auth.envelopes() == before


def test_a_key_that_is_somewhere_else_is_read_at_each_use(auth, monkeypatch):
    config = auth.call.base / "config" / "palyra.toml"
    config.write_text('[sources.env]\nallow = ["ACME_KEY"]\n')
    done = auth("login", "custom:acme", "--source", "env://ACME_KEY", "--id", "work")
    assert done.code == 0, done
    for value in ("first", "second"):
        monkeypatch.setenv("ACME_KEY", value)
        assert auth("token", "work", "--reveal").text == value


def test_a_profile_reads_nothing_of_the_vault_but_its_own(auth):
    """Hazard H48 of auth profiles: a profile could name any secret, and had it sent to its provider."""
    auth.call.set("other", b"canary")
    done = auth("login", "custom:acme", "--source", "vault://other", "--id", "work", "--json")
    assert (done.code, done.error["code"]) == (2, "foreign_reference")


def test_a_newer_key_takes_the_place_of_the_old_one(auth):
    auth.key("work")
    auth.key("work", key=b"sk-newer")
    assert auth("token", "work", "--reveal").out == b"sk-newer"
    assert auth("login", "--id", "work", "--device", "--json").error["code"] == "not_oauth"


def test_a_login_and_a_key_are_not_the_same_profile(auth):
    """Hazard H20 of auth profiles: a save changed what a profile was."""
    auth.logged_in("work")
    done = auth("login", "--id", "work", "--api-key-stdin", "--json", stdin=CANARY)
    assert (done.code, done.error["code"]) == (2, "not_api_key")

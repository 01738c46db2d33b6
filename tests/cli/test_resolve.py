"""``palyra resolve``: how references fare, and never what they hold."""

from __future__ import annotations

import os
import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from palyra_kernel import SecretError
from tests.cli.sources_admin import fake

__all__ = ["fake"]

CODES = {
    "missing": 3,
    "policy_blocked": 4,
    "invalid_reference": 2,
    "io": 6,
    "too_large": 2,
    "timeout": 6,
    "exec_failed": 6,
    "decode_failed": 2,
}


def failing(kind, message="why", **more):
    return SecretError(kind=kind, code=f"code_{kind}", message=message, **more)


def test_one_line_a_reference_and_never_a_value(call, fake):
    call.set("a", b"canary-value")
    fake.answers = {"x": b"canary-value-2", "no": failing("policy_blocked")}
    outcome = call("resolve", "a", "fake://x", "fake://no", "fake://gone", "Not A Reference")
    lines = outcome.text.splitlines()
    assert [line.split()[0] for line in lines] == ["resolved", "resolved", "blocked", "failed", "failed"]
    assert "12 bytes, source vault, fingerprint " in lines[0]
    assert "policy_blocked (code_policy_blocked): why" in lines[2]
    assert "missing (not_there)" in lines[3]
    assert "canary" not in outcome.text + outcome.err
    assert (outcome.code, outcome.err) == (4, "")


@pytest.mark.parametrize("kind", CODES)
def test_the_exit_code_is_that_of_the_first_failure(call, fake, kind):
    """Hazard U4: exit codes came from words in messages."""
    fake.answers = {"x": failing(kind), "y": failing("io" if kind != "io" else "missing"), "ok": b"1"}
    assert call("resolve", "fake://ok", "fake://x", "fake://y").code == CODES[kind]
    assert call("resolve", "fake://x", "--reveal").code == CODES[kind]
    assert call("explain", "fake://x").code == 0


def test_an_integrity_error_stays_one(call, fake):
    fake.answers = {"x": failing("io", group="integrity")}
    assert call("resolve", "fake://x").code == 8


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(message=st.text(string.printable.replace("\x0b", "").replace("\x0c", "")))
def test_no_message_changes_a_code(call, fake, message):
    """Hazard U4: a missing `slack_bot_token` exited with the code for authentication."""
    fake.answers = {"x": failing("missing", message + " denied token lock timeout")}
    assert call("--json", "resolve", "fake://x").code == 3


def test_all_in_one_pass(call, fake):
    """Wish 22: 84 calls for 28 distinct things."""
    fake.answers = {str(number): b"v" for number in range(5)}
    assert call("resolve", *(f"fake://{number % 5}" for number in range(20))).code == 0
    assert fake.calls == [5]


def test_what_is_missing_and_not_required_is_no_failure(call, fake):
    """Wish 23: one stale reference takes down everything."""
    path = call.base / "refs.toml"
    path.write_text('[X]\nref = "fake://gone"\nrequired = false\n')
    outcome = call("resolve", "-t", str(path))
    assert (outcome.code, outcome.text.split()[:2]) == (0, ["missing", "X"])
    assert call("resolve", "-t", str(path), "X", "--reveal").code == 3  # there is nothing to write


def test_a_fallback_says_which_reference_answered(call, fake):
    fake.answers = {"x": failing("io")}
    call.set("spare", b"v")
    path = call.base / "refs.toml"
    path.write_text('[X]\nref = "fake://x"\nfallback = ["spare"]\n')
    assert "reference 2 of 2" in call("resolve", "-t", str(path)).text


@pytest.mark.parametrize("value", [bytes(range(256)), b"line\n", b"\xff"], ids=len)
def test_reveal_writes_the_exact_bytes(call, fake, value):
    """Hazard U6: revealing as JSON corrupted binary values."""
    fake.answers = {"x": value}
    assert call("resolve", "fake://x", "--reveal") == (0, value, "")


@pytest.mark.parametrize(
    "arguments", [(), ("a", "b", "--reveal"), ("a", "--reveal", "--json"), ("--reveal",)], ids=str
)
def test_wrong_usage(call, arguments):
    outcome = call("resolve", *arguments)
    assert (outcome.code, outcome.out) == (2, b"")


def test_json_has_metadata_error_and_the_reference_as_typed(call, fake):
    call.set("a", b"canary-value")
    outcome = call("resolve", "a", "fake://gone", "--json")
    first, second = outcome.json["references"]
    assert (first["ref"], first["error"], first["metadata"]["value_bytes"]) == ("a", None, 12)
    assert len(first["metadata"]["fingerprint"]) == 16
    assert second["ref"] == "fake://gone"
    assert second["error"]["code"] == "not_there"
    assert b"canary" not in outcome.out
    assert outcome.code == 3


def test_names_of_a_table(call, fake):
    fake.answers = {"x": b"1"}
    call.set("a", b"2")
    toml, json = call.base / "refs.toml", call.base / "refs.JSON"
    toml.write_text('A = "a"\n[X]\nref = "fake://x"\nmax_bytes = 10\n')
    json.write_text('{"$schema": "refs.schema.json", "A": "a", "X": {"ref": "fake://x", "max_bytes": 10}}')
    for path in (toml, json):
        assert [line.split()[1] for line in call("resolve", "-t", str(path)).text.splitlines()] == ["A", "X"]
        assert call("resolve", "-t", str(path), "X", "--reveal").out == b"1"
        assert call("--json", "resolve", "-t", str(path), "Z").error["code"] == "unknown_name"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("A = 1", "invalid_names_file"),
        ("A = canary-value", "invalid_names_file"),
        ('[A]\nref = "a"\nallow_symlink = true', "invalid_reference"),
        ('[A]\nref = "canary-value\x01"', "invalid_names_file"),
        ('[A]\nmax_bytes = "canary-value"\nref = "a"', "invalid_reference"),
        ("\udcff", "invalid_names_file"),
        ("a" * 1_100_000, "file_too_large"),
    ],
)
def test_a_table_that_is_wrong_is_refused_without_its_words(call, content, code):
    """Hazard U9: a misspelt `allow_symlinks` was silently the default."""
    path = call.base / "refs.toml"
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    outcome = call("--json", "resolve", "-t", str(path))
    assert (outcome.code, outcome.error["code"]) == (2, code)
    assert "canary" not in outcome.err
    if "allow_symlink" in content:
        assert "allow_symlink" in outcome.err


@pytest.mark.skipif(os.name == "nt", reason="modes of POSIX")
def test_a_table_that_others_can_write_is_refused(call):
    path = call.base / "refs.toml"
    path.write_text('A = "a"')
    path.chmod(0o664)
    outcome = call("--json", "resolve", "-t", str(path))
    assert (outcome.code, outcome.error["code"]) == (4, "unsafe_file")
    assert "chmod go-w" in outcome.error["hint"]
    path.chmod(0o644)
    link = call.base / "link.toml"
    link.symlink_to(path)
    assert call("resolve", "-t", str(link)).code == 4
    assert call("resolve", "-t", str(call.base / "none.toml")).code == 3


def test_a_token_that_was_pasted_in_place_of_a_reference_is_not_shown(call):
    """A key is a legal name of a secret, so it is looked for, and what is not found was printed."""
    pasted = "sk-proj-4f9aB2c7D8e1F3g5H6j7K8m9"
    for options in ((), ("--json",)):
        outcome = call("resolve", pasted, *options)
        assert outcome.code == 3
        assert pasted.encode() not in outcome.out
        assert pasted not in outcome.err

"""``palyra secrets get``: redacted until asked, then exact."""

from __future__ import annotations

import base64
import stat
import sys
import time

import pytest

from palyra_kernel.vault.objects import Objects
from tests.cli.conftest import OWN

ALL_BYTES = bytes(range(256))


@pytest.fixture
def no_decryption(monkeypatch):
    def refuse(*_arguments):
        raise AssertionError("a value was decrypted")

    monkeypatch.setattr(Objects, "open", refuse)


def test_without_reveal_nothing_is_decrypted(call, no_decryption):
    """Hazard S17: showing what there is decrypted it."""
    call.set("a", b"canary-value", "--label", "team=web")
    for arguments in (
        ("get", "a"),
        ("get", "a?version=1"),
        ("list",),
        ("history", "a"),
        ("rm", "a", "--yes"),
    ):
        for json in ((), ("--json",)):
            outcome = call("secrets", *arguments, *json)
            assert b"canary" not in outcome.out + outcome.err.encode()
        call("secrets", "undelete", "a")


def test_no_output_tells_a_length(call):
    call.set("a", b"x" * 31_337)
    for arguments in (
        ("get", "a"),
        ("list",),
        ("history", "a"),
        ("rollback", "a", "--to", "1"),
        ("rm", "a", "--yes"),
    ):
        for json in ((), ("--json",)):
            outcome = call("secrets", *arguments, *json)
            for sign in (b"31337", b"31,337", b"size"):
                assert sign not in outcome.out + outcome.err.encode()


def test_the_default_shows_metadata(call):
    call.set("openai/key", b"v1", "--label", "team=web", "--content-type", "text/plain", "--expires", "1h")
    line = call("secrets", "get", "openai/key").text
    for part in ("global/openai/key", "<redacted>", "version 1", "team=web", "text/plain", "expires"):
        assert part in line
    shown = call("secrets", "get", "openai/key", "--json").json
    assert (shown["ref"], shown["version"], shown["redacted"]) == ("vault://global/openai/key", 1, True)
    assert "value" not in shown


def test_json_carries_all_bytes(call):
    """Hazard U6: binary values were damaged on their way through JSON."""
    call.set("text", "grüße\0".encode())
    call.set("bytes", ALL_BYTES)
    assert call("--json", "secrets", "get", "text", "--reveal").json == {
        "ref": "vault://global/text",
        "value": "grüße\0",
    }
    shown = call("secrets", "get", "bytes", "--reveal", "--json").json
    assert base64.b64decode(shown["base64"]) == ALL_BYTES
    shown = call("secrets", "get", "text", "--reveal", "--json", "--base64").json
    assert base64.b64decode(shown["base64"]) == "grüße\0".encode()


def test_base64_on_standard_output(call):
    call.set("a", ALL_BYTES)
    out = call("secrets", "get", "a", "--reveal", "--base64").out
    assert base64.b64decode(out.removesuffix(b"\n"), validate=True) == ALL_BYTES


def test_versions_and_fields(call):
    call.set("a", b'{"user": "me", "deep": [{"x": 7}]}')
    call.set("a", b"2")
    assert call.reveal("a") == b"2"
    assert call.reveal("a?version=1#user") == b"me"
    assert call.reveal("vault://global/a?version=1#/deep/0/x") == b"7"
    assert "version 1" in call("secrets", "get", "a?version=1").text
    for ref, code in (
        ("a?version=3", 3),
        ("a?version=1#none", 3),
        ("a#user", 3),
        ("a?version=0", 2),
        ("a?v=1", 2),
    ):
        assert call("secrets", "get", ref, "--reveal").code == code, ref


@pytest.mark.parametrize("options", [(), ("--reveal",)], ids=["redacted", "revealed"])
def test_what_cannot_be_had_has_one_code_with_and_without_reveal(call, options):
    call.set("deleted", b"1")
    call("secrets", "rm", "deleted", "--yes")
    call.set("destroyed", b"1")
    call("secrets", "destroy", "destroyed", "--version", "1", "--yes")
    call.set("expired", b"1", "--expires", "1s")
    call.set(f"{OWN}/a", b"1")
    time.sleep(1.01)
    for ref, code in (
        ("slack_bot_token", "secret_missing"),
        ("deleted", "deleted"),
        ("destroyed", "destroyed"),
        ("expired", "expired"),
        ("a", "secret_missing"),
        (f"{OWN}/b", "secret_missing"),
        (f"{OWN}/a?version=2", "version_missing"),
    ):
        outcome = call("secrets", "get", ref, *options, "--json")
        assert (outcome.code, outcome.error["code"], outcome.out) == (3, code, b""), ref


def test_out_writes_a_private_file_and_never_over_another(call):
    call.set("a", ALL_BYTES)
    path = call.base / "out"
    outcome = call("secrets", "get", "a", "--out", str(path))
    assert outcome.code == 0
    assert path.read_bytes() == ALL_BYTES
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    call.set("a", b"new")
    assert call("secrets", "get", "a", "--out", str(path)).code == 7
    assert path.read_bytes() == ALL_BYTES
    assert call("secrets", "get", "a", "--out", str(path), "--force").code == 0
    assert path.read_bytes() == b"new"
    assert call("secrets", "get", "a", "--out", str(call.base / "no" / "where")).code == 3
    assert call("secrets", "get", "a", "--out", str(call.base), "--force").code == 2


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_out_does_not_follow_a_link(call):
    call.set("a", b"value")
    victim, link = call.base / "victim", call.base / "link"
    victim.write_text("mine")
    link.symlink_to(victim)
    assert call("secrets", "get", "a", "--out", str(link)).code == 7
    assert call("secrets", "get", "a", "--out", str(link), "--force").code == 0
    assert victim.read_text() == "mine"
    assert link.read_bytes() == b"value"


@pytest.mark.parametrize(
    "options", [("--reveal", "--out", "x"), ("--force",), ("--base64",), ("--reveal", "--force")]
)
def test_contradictions_are_usage_errors(call, options):
    call.set("a", b"value")
    assert call("secrets", "get", "a", *options).code == 2

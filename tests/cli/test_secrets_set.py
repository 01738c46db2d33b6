"""``palyra secrets set``: where values come from, and what never happens to them."""

from __future__ import annotations

import io
import re
import sys
from datetime import UTC, datetime, timedelta

import pytest
from click import Abort

from palyra_kernel.cli.generate import ALPHABET

ALL_BYTES = bytes(range(256))
LIMIT = 65_536


class Endless(io.BytesIO):
    """A pipe that never ends, and counts."""

    taken = 0

    def read(self, size: int | None = -1, /) -> bytes:
        assert size is not None
        assert size >= 0, "an unbounded read"
        self.taken += min(size, 1000)
        return b"x" * min(size, 1000)


@pytest.mark.parametrize(
    "value",
    [ALL_BYTES, b"", b"\n", b"a\r\n", b"\xff\xfe", b"\0", "grüße\u2028".encode(), b"x" * LIMIT],
    ids=["all bytes", "empty", "line break", "crlf", "not utf-8", "nul", "unicode", "limit"],
)
def test_bytes_are_kept_exactly(call, value):
    call.set("a", value)
    assert call.reveal("a") == value


def test_one_byte_over_the_limit_is_refused_and_the_old_value_stays(call):
    call.set("a", b"old")
    outcome = call("secrets", "set", "a", "--json", stdin=b"x" * (LIMIT + 1))
    assert (outcome.code, outcome.error["code"]) == (2, "value_too_large")
    assert call.reveal("a") == b"old"


def test_an_endless_pipe_is_read_to_one_byte_over_the_limit(call):
    pipe = Endless()
    assert call("secrets", "set", "a", stdin=pipe).code == 2
    assert pipe.taken <= LIMIT + 1000
    assert call("secrets", "get", "a").code == 3


@pytest.mark.skipif(sys.platform == "win32", reason="needs /dev/zero")
def test_an_endless_file_is_refused(call):
    assert call("secrets", "set", "a", "--file", "/dev/zero").code == 2


@pytest.mark.parametrize(
    ("given", "stored"),
    [(b"k\n", b"k"), (b"k\r\n", b"k"), (b"k\n\n", b"k\n"), (b"k", b"k"), (b"k\r", b"k\r"), (b"x" * LIMIT + b"\r\n", b"x" * LIMIT)],
)
def test_strip_newline_removes_one_line_break(call, given, stored):
    assert call("secrets", "set", "a", "--strip-newline", stdin=given).code == 0
    assert call.reveal("a") == stored


def test_strip_newline_does_not_lift_the_limit(call):
    assert call("secrets", "set", "a", "--strip-newline", stdin=b"x" * (LIMIT + 1) + b"\n").code == 2
    assert call("secrets", "set", "a", "--strip-newline", stdin=b"x" * (LIMIT + 2)).code == 2


def test_a_kept_line_break_is_mentioned(call):
    assert "--strip-newline" in call("secrets", "set", "a", stdin=b"k\n").err
    assert call("secrets", "set", "a", stdin=b"k").err == ""
    assert call("secrets", "set", "a", stdin=b"k\nl\n").err == ""


def test_an_empty_value_needs_to_be_meant(call):
    assert call("secrets", "set", "a").code == 2
    assert call("secrets", "get", "a").code == 3
    assert call("secrets", "set", "a", "--allow-empty").code == 0
    assert call.reveal("a") == b""


def test_a_file_is_read(call):
    path = call.base / "value"
    path.write_bytes(ALL_BYTES)
    assert call("secrets", "set", "a", "--file", str(path), stdin=b"not this").code == 0
    assert call.reveal("a") == ALL_BYTES
    assert call("secrets", "set", "a", "--file", "-", stdin=b"this").code == 0
    assert call.reveal("a") == b"this"
    assert call("secrets", "set", "a", "--file", str(call.base / "nothing")).code == 3
    assert call("secrets", "set", "a", "--file", str(call.base)).code == 2


def test_a_terminal_is_asked_without_echo(call, prompts):
    prompts.append("typed grüße")
    outcome = call("secrets", "set", "a", terminal=True)
    assert outcome.code == 0
    assert b"typed" not in outcome.out
    assert "typed" not in outcome.err
    assert call.reveal("a") == "typed grüße".encode()


@pytest.mark.parametrize("interruption", [Abort(), KeyboardInterrupt(), EOFError()])
def test_interrupting_the_prompt_is_cancelled(call, prompts, interruption):
    prompts.append(interruption)
    outcome = call("--json", "secrets", "set", "a", terminal=True)
    assert (outcome.code, outcome.error["kind"]) == (130, "cancelled")
    assert call("secrets", "get", "a").code == 3


def test_a_value_is_no_argument(call):
    assert call("secrets", "set", "a", "value").code == 2


@pytest.mark.parametrize(
    ("options", "pattern"),
    [
        (("password",), f"[{ALPHABET}]{{20}}"),
        (("password", "--length", "33"), f"[{ALPHABET}]{{33}}"),
        (("token",), "[A-Za-z0-9_-]{43}"),
        (("hex",), "[0-9a-f]{64}"),
        (("hex", "--length", "8"), "[0-9a-f]{16}"),
    ],
)
def test_generated_values_are_stored_and_not_shown(call, options, pattern):
    outcome = call("secrets", "set", "a", "--generate", *options, "--json")
    value = call.reveal("a")
    assert outcome.code == 0
    assert re.fullmatch(pattern, value.decode())
    assert value not in outcome.out
    assert call("secrets", "set", "b", "--generate", *options).code == 0
    assert call.reveal("b") != value


def test_a_generated_key_shows_its_public_half(call):
    from cryptography.hazmat.primitives import serialization

    outcome = call("secrets", "set", "a", "--generate", "ed25519")
    private = call.reveal("a")
    assert b"PRIVATE" not in outcome.out
    key = serialization.load_pem_private_key(private, None)
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    assert public in outcome.out
    assert call("secrets", "set", "a", "--generate", "ed25519", "--json").json["public_key"].startswith("ssh-ed25519 ")


@pytest.mark.parametrize(
    "options",
    [
        ("--generate", "hex", "--file", "x"),
        ("--generate", "hex", "--length", "7"),
        ("--generate", "hex", "--length", "1025"),
        ("--generate", "ed25519", "--length", "32"),
        ("--generate", "hope"),
        ("--length", "20"),
        ("--label", "noequals"),
        ("--label", "a=1", "--label", "a=2"),
        ("--label", "UPPER=1"),
        ("--expires", "yesterday"),
        ("--expires", "2020-01-01T00:00:00Z"),
        ("--expires", "2099-01-01T00:00:00"),
        ("--expires", "0d"),
        ("--expires", "999999999w"),
        ("--expect-version", "-1"),
    ],
)
def test_wrong_options_store_nothing(call, options):
    assert call("secrets", "set", "a", *options, stdin=b"value").code == 2
    assert call("secrets", "get", "a").code == 3


@pytest.mark.parametrize("option", ["--passphrase-file", "--recovery-file"])
def test_standard_input_is_not_read_twice(call, option):
    assert call(option, "-", "secrets", "set", "a", stdin=b"value").code == 2


@pytest.mark.parametrize("ref", [" foo", "foo ", "a//b", "../a", "a?version=1", "a#f", "kernel:ca/key", "nope:x/y", "a" * 129, ""])
def test_illegal_references_are_refused_in_every_verb(call, ref):
    for verb in ("set", "rm", "undelete", "destroy", "history"):
        outcome = call("secrets", verb, *(("--yes",) if verb in ("rm", "destroy") else ()), "--", ref, stdin=b"v")
        assert outcome.code == 2, verb
    assert call("secrets", "list", "--all-scopes", "--json").json["secrets"] == []


def test_upper_and_lower_case_are_two_secrets(call):
    call.set("principal:Alice/KEY", b"upper")
    call.set("principal:alice/key", b"lower")
    assert call.reveal("vault://principal:Alice/KEY") == b"upper"
    assert call.reveal("principal:alice/key") == b"lower"
    assert call("secrets", "get", "principal:alice/KEY").code == 3


def test_conflicts_keep_the_value(call):
    call.set("a", b"1")
    assert call("secrets", "set", "a", "--create-only", stdin=b"2").code == 7
    assert call("secrets", "set", "a", "--expect-version", "2", stdin=b"2").code == 7
    assert call("secrets", "set", "a", "--expect-version", "0", stdin=b"2").code == 7
    assert call.reveal("a") == b"1"
    assert call("secrets", "set", "a", "--expect-version", "1", stdin=b"2").code == 0
    assert call("secrets", "set", "b", "--expect-version", "0", stdin=b"1").code == 0


def test_metadata_is_stored(call):
    options = ("--label", "team=web", "--label", "note=a=b", "--content-type", "text/plain", "--expires", "30d")
    stored = call("secrets", "set", "a", *options, "--json", stdin=b"1").json
    assert stored["labels"] == {"team": "web", "note": "a=b"}
    assert stored["content_type"] == "text/plain"
    left = datetime.fromisoformat(stored["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=29, hours=23) < left <= timedelta(days=30)
    again = call("secrets", "set", "a", "--expires", "2099-01-31T12:00:00+02:00", "--json", stdin=b"2").json
    assert again["labels"] == stored["labels"]
    assert again["expires_at"] == "2099-01-31T10:00:00Z"


def test_without_a_vault_nothing_is_asked(bare, prompts):
    outcome = bare("--json", "secrets", "set", "a", terminal=True)
    assert (outcome.code, outcome.error["code"]) == (3, "vault_missing")
    assert not list(bare.base.iterdir())

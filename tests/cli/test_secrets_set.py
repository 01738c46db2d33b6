"""``palyra secrets set``: where values come from, and what never happens to them."""

from __future__ import annotations

import io
import sys

import pytest
from click import Abort

from tests.cli.conftest import OWN

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
    """Hazard U11: standard input was read without a limit."""
    pipe = Endless()
    assert call("secrets", "set", "a", stdin=pipe).code == 2
    assert pipe.taken <= LIMIT + 1000
    assert call("secrets", "get", "a").code == 3


@pytest.mark.skipif(sys.platform == "win32", reason="needs /dev/zero")
def test_an_endless_file_is_refused(call):
    assert call("secrets", "set", "a", "--file", "/dev/zero").code == 2


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (b"k\n", b"k"),
        (b"k\r\n", b"k"),
        (b"k\n\n", b"k\n"),
        (b"k", b"k"),
        (b"k\r", b"k\r"),
        (b"x" * LIMIT + b"\r\n", b"x" * LIMIT),
    ],
)
def test_strip_newline_removes_one_line_break(call, given, stored):
    """Hazard U2: the line break behind a key was kept, and no HTTP header could be made of it."""
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


@pytest.mark.parametrize("option", ["--passphrase-file", "--recovery-file"])
def test_standard_input_is_not_read_twice(call, option):
    assert call(option, "-", "secrets", "set", "a", stdin=b"value").code == 2


@pytest.mark.parametrize(
    "ref", [" foo", "foo ", "a//b", "../a", "a?version=1", "a#f", "kernel:ca/key", "nope:x/y", "a" * 129, ""]
)
def test_illegal_references_are_refused_in_every_verb(call, ref):
    """Hazard D12: a key was checked trimmed and stored untrimmed."""
    for verb in ("set", "rm", "undelete", "destroy", "history"):
        outcome = call(
            "secrets", verb, *(("--yes",) if verb in ("rm", "destroy") else ()), "--", ref, stdin=b"v"
        )
        assert outcome.code == 2, verb
    assert call("secrets", "list", "--all-scopes", "--json").json["secrets"] == []


def test_upper_and_lower_case_are_two_secrets(call):
    """Hazard D13: one part of the program lower-cased references, another did not."""
    call.set(f"{OWN}/KEY", b"upper")
    call.set(f"{OWN}/key", b"lower")
    assert call.reveal(f"vault://{OWN}/KEY") == b"upper"
    assert call.reveal(f"{OWN}/key") == b"lower"
    assert call("secrets", "get", f"{OWN}/Key").code == 3


def test_conflicts_keep_the_value(call):
    call.set("a", b"1")
    assert call("secrets", "set", "a", "--create-only", stdin=b"2").code == 7
    assert call("secrets", "set", "a", "--expect-version", "2", stdin=b"2").code == 7
    assert call("secrets", "set", "a", "--expect-version", "0", stdin=b"2").code == 7
    assert call.reveal("a") == b"1"
    assert call("secrets", "set", "a", "--expect-version", "1", stdin=b"2").code == 0
    assert call("secrets", "set", "b", "--expect-version", "0", stdin=b"1").code == 0


def test_without_a_vault_nothing_is_asked(bare, prompts):
    outcome = bare("--json", "secrets", "set", "a", terminal=True)
    assert (outcome.code, outcome.error["code"]) == (3, "vault_missing")
    assert not list(bare.base.iterdir())

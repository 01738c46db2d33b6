"""The short way of ``secrets get REF --reveal`` past click: it means what click means, or it is not taken."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palyra_kernel.cli import app, reveal
from palyra_kernel.cli.plain import plain_reveal
from palyra_kernel.cli.secrets import get

WORDS = st.sampled_from(
    [
        *(
            "secrets",
            "get",
            "--reveal",
            "a",
            "global/a?version=1#/x",
            "",
            "-",
            "--",
            "--r",
            "--reveal=1",
            "-x",
        ),
        *("--state-root", "--config-dir", "--state-root=/s", "--config-dir=/c", "--config-dir=", "--state"),
        *("/s", "=", "--json", "-p", "--out", "--force", "--base64", "--help", "--version", "ä\udcff"),
    ]
)
LINES = st.one_of(
    st.lists(WORDS, max_size=9),
    st.builds(
        lambda places, line: [*places, *line],
        st.lists(WORDS, max_size=4),
        st.permutations(["secrets", "get", "a", "--reveal"]),
    ),
)


def _by_click(arguments):
    understood = []

    def note(cli, ref):
        assert (cli.plugins, cli.as_json, cli.passphrase_file, cli.recovery_file) == (None, False, None, None)
        understood.append((ref, cli.state_root, cli.config_dir))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(get, "hand_out", note)
        app.act(arguments, as_json=False)
    (once,) = understood
    return once


@given(LINES)
def test_what_is_understood_without_click_is_what_click_understands(arguments):
    """Two parsers of one language drift apart: then the flag that was tested is not the flag that runs."""
    plain = plain_reveal(arguments)
    if plain is not None:
        assert plain == _by_click(arguments)


@pytest.mark.parametrize(
    ("places", "understood"),
    [
        ([], (None, None)),
        (["--state-root", "/s"], ("/s", None)),
        (["--config-dir=/c=d", "--state-root", "s"], ("s", "/c=d")),
    ],
)
@pytest.mark.parametrize("line", [["get", "x/y", "--reveal"], ["get", "--reveal", "x/y"]])
def test_the_plain_line_is_understood(places, understood, line):
    arguments = [*places, "secrets", *line]
    assert plain_reveal(arguments) == ("x/y", *understood) == _by_click(arguments)


@pytest.mark.parametrize(
    "line",
    [
        "secrets get a",
        "secrets get a --reveal --json",
        "secrets get a --reveal --out f",
        "secrets get -- a --reveal",
        "secrets get --reveal --reveal",
        "secrets get --reveal a b",
        "secrets set a --reveal",
        "--json secrets get a --reveal",
        "-p file secrets get a --reveal",
        "--passphrase-file f secrets get a --reveal",
        "--state-root s --state-root t secrets get a --reveal",
        "--state-root --config-dir c secrets get a --reveal",
        "--state-root= secrets get a --reveal",
        "--state-root",
    ],
)
def test_everything_else_is_for_click(line):
    assert plain_reveal(line.split()) is None


def test_a_shell_that_completes_is_for_click(monkeypatch):
    """A completion that reveals a secret would run at every press of the tabulator key."""
    monkeypatch.setenv("_PALYRA_COMPLETE", "bash_complete")
    assert plain_reveal(["secrets", "get", "a", "--reveal"]) is None


@pytest.mark.parametrize("ref", ["missing", "a?version=9", "not a reference", "gone"])
def test_both_ways_fail_alike(call, ref):
    call.set("a", b"1")
    call.set("gone", b"1")
    call("secrets", "rm", "gone", "--yes")
    short = call("secrets", "get", ref, "--reveal")
    long = call("-p", "file", "secrets", "get", ref, "--reveal")
    assert short == long
    assert short.code != 0
    assert short.err.startswith("palyra: ")


@pytest.mark.parametrize("answer", [KeyboardInterrupt(), EOFError()])
def test_whoever_is_asked_for_a_passphrase_may_refuse(bare, prompts, answer):
    path = bare.base / "phrase"
    path.write_bytes(b"correct horse\n")
    path.chmod(0o600)
    assert bare("--passphrase-file", str(path), "init", "--slot", "passphrase").code == 0
    prompts.append(answer)
    outcome = bare("secrets", "get", "a", "--reveal", terminal=True)
    assert (outcome.code, outcome.err.splitlines()[-1]) == (130, "palyra: cancelled")


def test_a_screen_is_warned_of(monkeypatch):
    warned: list[str] = []
    monkeypatch.setattr(reveal, "tell", warned.append)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    reveal.warn_on_screen()
    assert "on your screen" in warned[0]


_ENDED = """
import atexit, gc, sys
from palyra_kernel.cli import main
atexit.register(lambda: print(gc.isenabled(), gc.get_threshold()[0] > 700, gc.get_freeze_count() > 0))
sys.argv[1:] = ["--version"]
main()
"""


def test_the_collector_stays_on_and_has_nothing_to_search_at_the_end():
    """Leaving it off would let a long run grow; searching at the end was a seventh of a short one."""
    done = subprocess.run([sys.executable, "-c", _ENDED], capture_output=True, timeout=50, check=True)
    assert done.stdout.decode().splitlines()[-1] == "True True True"
    assert gc.isenabled()

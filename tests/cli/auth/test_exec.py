"""``palyra auth exec``: a program with a credential, as if it had been started by itself."""

from __future__ import annotations

import sys

import pytest

from palyra_kernel.auth.names import Provider
from palyra_kernel.cli.auth.executing import variable_of

_PRINT = "import os, sys; sys.stdout.write(os.environ[sys.argv[1]]); sys.exit(int(sys.argv[2]))"


@pytest.mark.parametrize("code", [0, 7, 255])
def test_the_program_gets_the_credential_and_its_code_is_ours(auth, palyra, code):
    auth.key("work")
    ran = palyra("auth", "exec", "work", "--", sys.executable, "-c", _PRINT, "PALYRA_TOKEN", str(code))
    assert (ran.code, ran.text, ran.err) == (code, "sk-canary-0123456789", "")


def test_the_variable_can_be_named(auth, palyra):
    auth.key("work")
    ran = palyra(
        "auth", "exec", "custom:acme", "--env", "ACME", "--", sys.executable, "-c", _PRINT, "ACME", "0"
    )
    assert ran.text == "sk-canary-0123456789"


@pytest.mark.parametrize(
    ("provider", "variable"),
    [
        ("openai", "OPENAI_API_KEY"),
        ("anthropic", "ANTHROPIC_API_KEY"),
        ("slack", "PALYRA_TOKEN"),
        ("custom:acme", "PALYRA_TOKEN"),
    ],
)
def test_programs_find_it_where_they_look(provider, variable):
    assert variable_of(Provider.parse(provider)) == variable


@pytest.mark.parametrize(
    ("arguments", "exit_code", "code"),
    [
        (("custom:none", "--", "true"), 3, "no_profile"),
        (("work", "--env", "1A", "--", "true"), 2, "invalid_env"),
        (("work", "--", "no-such-program-here"), 3, "command_missing"),
        (("work",), 2, "usage"),
    ],
)
def test_what_fails_before_the_start_is_named_and_nothing_starts(
    auth, monkeypatch, arguments, exit_code, code
):
    auth.key("work")
    monkeypatch.setattr("palyra_kernel.cli.run.start", lambda *_: pytest.fail("it was started"))
    done = auth.call("--json", "auth", "exec", *arguments)
    assert (done.code, done.error["code"], done.out) == (exit_code, code, b"")

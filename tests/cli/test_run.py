"""``palyra run`` until the program starts: every failure is named, and nothing is left open."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from palyra_kernel import DeniedError, NotFoundError
from palyra_kernel.cli.run.program import find_program
from tests.cli.conftest import OWN
from tests.test_public_face import BANNED, DECIDING, modules_after


@pytest.mark.parametrize(
    ("arguments", "code", "kind"),
    [
        (("--env", "X=missing", "--", "true"), 3, "secret_missing"),
        (("--env", "X=a", "--env", "Y=missing", "--", "true"), 3, "secret_missing"),
        (("--env", "X=gone", "--", "true"), 3, "deleted"),
        (("--env", f"X={OWN}/a", "--", "true"), 3, "secret_missing"),
        (("--env", "X=principal:user:other/a", "--", "true"), 4, "policy.deny.foreign_scope"),
        (("--env", "X=a#field", "--", "true"), 2, "not_json"),
        (("--env", "X=nul", "--", "true"), 2, "nul_in_value"),
        (("--env", "X", "--", "true"), 2, "invalid_env"),
        (("--env", "=a", "--", "true"), 2, "invalid_env"),
        (("--env", "1X=a", "--", "true"), 2, "invalid_env"),
        (("--env", "X Y=a", "--", "true"), 2, "invalid_env"),
        (("--env", "Ü=a", "--", "true"), 2, "invalid_env"),
        (("--env", "X=a", "--env", "X=a", "--", "true"), 2, "invalid_env"),
        (("--env", "X=ENV://HOME", "--", "true"), 2, "invalid_reference"),
        (("--env", "X=a"), 2, "usage"),
        (("--", "true"), 2, "usage"),
        (("--env", "X=a", "--", "no-such-command-here"), 3, "command_missing"),
        (("--env", "X=a", "--", "./no-such-file"), 3, "command_missing"),
        (("--env", "X=a", "--", "/"), 3, "command_missing"),
        (("--env", "X=a", "--", ""), 2, "invalid_command"),
    ],
)
def test_what_fails_before_the_start_is_named_and_nothing_starts(call, monkeypatch, arguments, code, kind):
    call.set("a", b"canary-value")
    call.set("nul", b"a\0canary")
    call.set("gone", b"1")
    call("secrets", "rm", "gone", "--yes")
    monkeypatch.setattr("palyra_kernel.cli.run.start", lambda *_: pytest.fail("it was started"))
    outcome = call("--json", "run", *arguments)
    assert (outcome.code, outcome.error["code"], outcome.out) == (code, kind, b"")
    assert "canary" not in outcome.err


def test_the_kernel_is_closed_and_the_buffers_are_wiped_before_the_start(call, monkeypatch):
    from palyra_kernel import Kernel, SensitiveBytes

    call.set("a", b"1")
    events: list[str] = []
    close, wipe = Kernel.close, SensitiveBytes.wipe

    def recorded(name, method):
        def call_it(*arguments):
            events.append(name)
            return method(*arguments)

        return call_it

    monkeypatch.setattr(Kernel, "close", recorded("close", close))
    monkeypatch.setattr(SensitiveBytes, "wipe", recorded("wipe", wipe))
    monkeypatch.setattr("palyra_kernel.cli.run.start", recorded("start", lambda *_: 5))
    assert call("run", "--env", "X=a", "--", "true").code == 5
    assert events[-1] == "start"
    assert events.index("wipe") < events.index("close") < events.index("start")


@pytest.mark.skipif(sys.platform == "win32", reason="modes of POSIX")
def test_a_program_is_found_as_a_shell_finds_it(tmp_path, monkeypatch):
    for folder, mode in (("a", 0o644), ("b", 0o755)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "tool").write_text("#!/bin/sh\n")
        (tmp_path / folder / "tool").chmod(mode)
    (tmp_path / "a" / "folder").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path}/none:{tmp_path}/a:{tmp_path}/b")
    monkeypatch.chdir(tmp_path / "b")
    assert find_program("tool") == str(tmp_path / "b" / "tool")
    for name in ("./tool", "../b/tool"):
        assert Path(find_program(name)).samefile(tmp_path / "b" / "tool")
    monkeypatch.setenv("PATH", f"{tmp_path}/a:")  # an empty entry is the present folder
    assert Path(find_program("tool")).samefile(tmp_path / "b" / "tool")
    monkeypatch.setenv("PATH", f"{tmp_path}/a")
    with pytest.raises(DeniedError, match="not executable"):
        find_program("tool")
    for name in ("folder", "./folder", "nothing"):
        with pytest.raises(NotFoundError):
            find_program(name)


@pytest.mark.skipif(sys.platform == "win32", reason="exec of POSIX")
def test_references_to_the_vault_import_no_event_loop_and_none_of_the_slow_modules(call):
    """Wish 24: a wrapper that takes half a second is left out of scripts."""
    call.set("a", b"1")
    code = "import os, sys; os.execve = lambda *_: None; from palyra_kernel.cli.start import run; run(sys.argv[1:])"
    arguments = [*call.places, "run", "--env", "A=a", "--env", "B=vault://a", "--", "true"]
    ran, modules = modules_after(code, *arguments)
    assert ran.returncode == 0
    assert "palyra_kernel.resolve.resolver" in modules
    allowed = {"click", "gettext", "locale", *DECIDING}  # what a command line other than the plainest costs
    assert (
        modules & ({*BANNED, "subprocess", "shutil", "dotenv", "urllib.request", "json"} - allowed) == set()
    )

"""``palyra run``: the program gets its secrets, its signals, its terminal and its exit code; nobody else gets them."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import OWN

if sys.platform == "win32":
    pytest.skip("signals and exec of POSIX", allow_module_level=True)

SHOW = "import os, sys; sys.stdout.buffer.write(os.environb[sys.argv[1].encode()])"


def ran(palyra, *arguments, **options):
    return palyra("run", *arguments, **options)


@pytest.mark.parametrize(
    "value",
    [b"plain", b"", b" spaced\n", b"$HOME `id` \"'", bytes(range(1, 256))],
    ids=lambda value: str(len(value)),
)
def test_the_value_reaches_the_program_byte_for_byte(call, palyra, value):
    call.set("a", value)
    assert ran(palyra, "--env", "X=a", "--", sys.executable, "-c", SHOW, "X") == (0, value, "")


def test_versions_fields_and_scopes(call, palyra):
    call.set(f"{OWN}/j", b'{"password": "p"}')
    call.set(f"{OWN}/j", b"{}")
    call.set("b", b"1")
    arguments = (
        "--env",
        f"P={OWN}/j?version=1#password",
        "--env",
        "B=vault://b",
        "--",
        "sh",
        "-c",
        "echo $P$B",
    )
    assert ran(palyra, *arguments).out == b"p1\n"


def test_the_environment_is_inherited_and_overridden(call, palyra):
    call.set("a", b"new")
    outcome = ran(palyra, "--env", "X=a", "--", "sh", "-c", "echo $X $KEPT", env={"X": "old", "KEPT": "kept"})
    assert outcome.out == b"new kept\n"


def test_arguments_pass_unchanged(call, palyra):
    """Hazard U10: an empty argument was impossible, and what is not Unicode was dropped."""
    call.set("a", b"1")
    arguments = ["--env", "Y=b", "--", "", "--help", "\udcff", "a b"]
    code = "import os, sys; sys.stdout.buffer.write(b'|'.join(map(os.fsencode, sys.argv[1:])))"
    outcome = ran(
        palyra, "--env", "X=a", sys.executable, "-c", code, *arguments
    )  # the first word that is no option starts it
    assert outcome.out == b"--env|Y=b|--||--help|\xff|a b"
    assert ran(palyra, "--env", "X=a", "--", "echo", "--", "-x").out == b"-- -x\n"


@pytest.mark.parametrize("code", [0, 1, 3, 8, 130, 255])
def test_the_exit_code_is_the_programs_own(call, palyra, code):
    call.set("a", b"1")
    assert ran(palyra, "--env", "X=a", "--", "sh", "-c", f"exit {code}") == (code, b"", "")


def test_standard_input_passes(call, palyra):
    call.set("a", b"1")
    assert ran(palyra, "--env", "X=a", "--", "cat", stdin=b"through\n").out == b"through\n"


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1]
)
def test_a_signal_reaches_the_program(call, palyra, number):
    call.set("a", b"1")
    name = signal.Signals(number).name.removeprefix("SIG")
    script = f"trap 'exit 43' {name}; echo ready; while :; do sleep 0.05; done"
    process = palyra.start("run", "--env", "X=a", "--", "sh", "-c", script)
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(number)
    process.communicate(timeout=40)
    assert process.returncode == 43


def test_a_program_killed_by_a_signal_is_seen_as_that(call, palyra):
    call.set("a", b"1")
    process = palyra.start("run", "--env", "X=a", "--", "sh", "-c", "echo ready; exec sleep 60")
    assert process.stdout.readline() == b"ready\n"
    process.terminate()
    process.communicate(timeout=40)
    assert process.returncode == -signal.SIGTERM


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_the_program_starts_clean(call, palyra):
    """No descriptor of ours, no ignored signal of Python, and no secret where others see it."""
    call.set("a", b"canary-value")
    script = "grep SigIgn /proc/self/status; ls /proc/$$/fd; tr '\\0' ' ' < /proc/$$/cmdline"
    outcome = ran(palyra, "--env", "X=a", "--", "sh", "-c", script)
    ignored, *rest = outcome.text.split("\n")
    mask = int(ignored.split()[1], 16)
    assert not mask & (1 << (signal.SIGPIPE - 1))
    assert not mask & (1 << (signal.SIGXFSZ - 1))
    assert rest[:3] == ["0", "1", "2"]
    assert len(rest) == 4
    assert b"canary" not in outcome.out


def test_the_limit_on_core_dumps_is_given_back(call, palyra):
    import resource

    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    if hard == 0:
        pytest.skip("no core dumps are allowed here at all")
    call.set("a", b"1")
    argv = palyra.argv("run", "--env", "X=a", "--", "sh", "-c", "ulimit -c")
    for soft in ("0", "8"):
        wrapped = ["sh", "-c", f'ulimit -S -c {soft}; exec "$@"', "sh", *argv]
        assert (
            subprocess.run(wrapped, capture_output=True, timeout=40, check=True).stdout.decode().strip()
            == soft
        )


@pytest.mark.parametrize(
    ("content", "mode", "code", "kind"),
    [
        ("#!/bin/sh\n", 0o600, 4, "not_executable"),
        ("#!/no/such/interpreter\n", 0o700, 3, "command_missing"),
        ("\x7fELF rubbish", 0o700, 2, "not_a_program"),
    ],
)
def test_files_that_do_not_start(call, content, mode, code, kind):
    call.set("a", b"1")
    path = call.base / "program"
    path.write_text(content)
    path.chmod(mode)
    before = {number: signal.getsignal(number) for number in (signal.SIGPIPE, signal.SIGXFSZ)}
    outcome = call("--json", "run", "--env", "X=a", "--", str(path))
    assert (outcome.code, outcome.error["code"]) == (code, kind)
    assert {number: signal.getsignal(number) for number in before} == before


def test_too_large_an_environment_is_told(call):
    call.set("a", b"x" * 65_536)
    call.set("b", b"1")
    arguments = [argument for number in range(60) for argument in ("--env", f"X{number}=a")]
    outcome = call("--json", "run", *arguments, "--", "true", "y" * 3_000_000)
    assert (outcome.code, outcome.error["code"]) == (2, "environment_too_large")

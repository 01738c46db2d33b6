"""``palyra secrets`` between a terminal, signals and pipes of POSIX."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.resolve.sources.asking import wait_until

if sys.platform == "win32":
    pytest.skip("terminals and signals of POSIX", allow_module_level=True)

_ON_TERMINAL = """
import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


class Terminal:
    """A program with a controlling terminal; standard output and error stay pipes."""

    def __init__(self, argv: list[str], stdout: int = subprocess.PIPE):
        self.master, slave = os.openpty()
        launcher = [sys.executable, "-c", _ON_TERMINAL, *argv]
        stdout = slave if stdout == -3 else stdout
        self.process = subprocess.Popen(launcher, stdin=slave, stdout=stdout, stderr=subprocess.PIPE)
        os.close(slave)
        self.seen = b""

    def wait_for(self, text: bytes) -> None:
        while text not in self.seen:
            self.seen += os.read(self.master, 1000)

    def finish(self, keys: bytes = b"") -> tuple[int, bytes, bytes]:
        import termios

        if keys:
            # Whoever types before the echo is off is seen, and not heard.
            wait_until(lambda: not termios.tcgetattr(self.master)[3] & termios.ECHO, "a hidden prompt")
            os.write(self.master, keys)
        out, err = self.process.communicate(timeout=40)
        os.set_blocking(self.master, False)
        with contextlib.suppress(OSError):  # nothing is left to read
            self.seen += os.read(self.master, 100_000)
        os.close(self.master)
        return self.process.returncode, out or b"", err


def test_a_hidden_prompt_does_not_echo(palyra):
    terminal = Terminal(palyra.argv("secrets", "set", "a"))
    terminal.wait_for(b"Value of global/a")
    code, out, err = terminal.finish(b"typed-canary\n")
    assert (code, out) == (0, b"global/a: version 1 stored\n")
    assert b"canary" not in terminal.seen + out + err
    assert palyra("secrets", "get", "a", "--reveal").out == b"typed-canary"


def test_ctrl_c_at_the_prompt_exits_130(palyra):
    terminal = Terminal(palyra.argv("secrets", "set", "a"))
    terminal.wait_for(b"Value of global/a")
    code, _out, err = terminal.finish(b"half\x03")
    assert code == 130
    assert b"Traceback" not in err
    assert palyra("secrets", "get", "a").code == 3


def test_revealing_on_a_terminal_warns(palyra):
    palyra("secrets", "set", "a", stdin=b"shown-value")
    terminal = Terminal(palyra.argv("secrets", "get", "a", "--reveal"), stdout=-3)
    code, _out, err = terminal.finish()
    assert code == 0
    assert b"warning" in err
    assert b"shown-value" in terminal.seen


def test_a_pipe_that_never_ends(palyra):
    with Path("/dev/zero").open("rb") as endless:
        process = palyra.start("secrets", "set", "a", stdin=endless)
        _out, err = process.communicate(timeout=40)
    assert process.returncode == 2
    assert b"more than 65536 bytes" in err


def test_interrupted_while_reading_a_pipe(palyra):
    reader, writer = os.pipe()
    process = palyra.start("secrets", "set", "a", stdin=reader)
    os.write(writer, b"half a val")
    wait_until(lambda: not select.select([reader], [], [], 0)[0], "it has read that, and wants the rest")
    process.send_signal(signal.SIGINT)
    _out, err = process.communicate(timeout=40)
    os.close(reader)
    os.close(writer)
    assert process.returncode == 130
    assert b"half" not in err
    assert palyra("secrets", "get", "a").code == 3


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_behind_standard_output_is_an_error(palyra):
    palyra("secrets", "set", "a", stdin=b"value")
    with Path("/dev/full").open("wb") as full:
        process = palyra.start("secrets", "get", "a", "--reveal", stdout=full)
        _out, err = process.communicate(timeout=40)
    assert process.returncode == 6
    assert b"disk is full" in err


@pytest.mark.parametrize(
    ("closing", "arguments", "code"),
    [
        ("<&-", "secrets set b", 2),
        ("<&-", "secrets import - --yes", 2),
        ("<&-", "secrets rm a", 2),
        ("<&-", "secrets get a --reveal", 0),
        (">&-", "secrets get a --reveal", 6),
        (">&-", "run --env X=a -- true", 6),
        (">&- 2>&-", "run --env X=a -- true", 6),
    ],
)
def test_closed_standard_streams(palyra, closing, arguments, code):
    """Without an output a command ended with 6 and no word, although standard error was open."""
    palyra("secrets", "set", "a", stdin=b"value")
    shell = ["sh", "-c", f'exec "$@" {closing}', "sh", *palyra.argv(*arguments.split())]
    done = subprocess.run(shell, capture_output=True, timeout=40, check=False)
    assert (done.returncode, b"internal" in done.stderr) == (code, False)
    if closing == ">&-":
        assert b"standard output is closed" in done.stderr

"""A command on a terminal of its own, with somebody who answers what it asks."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_TAKE_IT = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execvp("sh", ["sh", "-c", sys.argv[1]])
"""
"""The terminal becomes that of the session; then the command takes the place of this."""


def on_terminal(
    command: str, answers: Sequence[str], env: Mapping[str, str], home: Path
) -> subprocess.CompletedProcess[str]:
    """Run *command* in *home*; type the next of *answers* whenever it asks (``WHAT: ``). What the terminal showed is
    the output."""
    if sys.platform == "win32":
        raise NotImplementedError("there is no such terminal")
    import pty

    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-c", _TAKE_IT, command],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=env,
        cwd=home,
        start_new_session=True,
    )
    os.close(theirs)
    shown, left = b"", list(answers)
    try:
        while data := _read(ours):
            shown += data
            if left and shown.endswith(b": "):  # with the space, it listens: what comes before is thrown away
                os.write(ours, left.pop(0).encode() + b"\n")
        code = child.wait(60)
    finally:
        child.kill()
        child.wait()
        os.close(ours)
    assert not left, f"{command} did not ask for {len(left)} of the answers"
    text = "".join(line.rstrip() + "\n" for line in shown.decode().splitlines())
    return subprocess.CompletedProcess(command, code, text, "")


def _read(terminal: int) -> bytes:
    """What comes next; nothing once the last program that had the terminal is gone."""
    try:
        return os.read(terminal, 4096)
    except OSError:  # so says Linux
        return b""

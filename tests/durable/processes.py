"""Other processes that hold locks, die, and are waited for."""

import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from typing import Self

WAIT = 45.0
"""Longer than any machine needs; a test that waits this long has failed."""

PRELUDE = """
import os, sys, threading, time
from pathlib import Path
from palyra_kernel.durable.lock import FileLock
from palyra_kernel.durable.sqlite import DurableDatabase
from palyra_kernel.errors import PalyraError
from palyra_kernel.values.deadline import Deadline

def say(word):
    print(word, flush=True)

def hear():
    return sys.stdin.readline().strip()

arguments = sys.argv[1:]
path = Path(arguments[0])
"""


class Process:
    """A Python program of a few lines, with what :data:`PRELUDE` names. Use it in a ``with`` block."""

    def __init__(self, code: str, *arguments: object) -> None:
        program = PRELUDE + textwrap.dedent(code)
        self._process = subprocess.Popen(
            [sys.executable, "-c", program, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = self._process.pid

    def line(self) -> str:
        """Wait for a line."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def hear(self, word: str) -> None:
        """Wait for a line, which must be *word*."""
        assert self.line() == word

    def say(self, word: str = "") -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()

    def kill(self) -> None:
        """As the out-of-memory killer does it."""
        self._process.kill()
        self._process.wait(WAIT)

    def finish(self) -> None:
        """Wait for an end without an error."""
        assert self._process.wait(WAIT) == 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.communicate()


def eventually(holds: Callable[[], bool], within: float = WAIT) -> bool:
    """Whether it comes true within so many seconds."""
    until = time.monotonic() + within
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


def in_child(act: Callable[[], object]) -> str:
    """What *act* answers in a forked child, or the code of its error, or its type."""
    if sys.platform == "win32":
        raise NotImplementedError
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        answer = "nothing"
        try:
            answer = str(act())
        except BaseException as error:  # noqa: BLE001  # the child must end here
            answer = str(getattr(error, "code", type(error).__name__))
        finally:
            os.write(writer, answer.encode())
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        answer = pipe.read().decode()
    os.waitpid(pid, 0)
    return answer

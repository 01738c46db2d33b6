"""A forked child that works on a vault and reports each thing it did in one system call, so that it can be killed."""

from __future__ import annotations

import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Self

WAIT = 60.0
"""Seconds after which a child that says nothing hangs."""


class Talk:
    """The child's end. It speaks by ``sendto``, never by ``write``, which faults are injected into."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line

    def say(self, text: str) -> None:
        """Acknowledge: one system call, nothing buffered."""
        self._line.send(text.encode("utf-8", "replace"))

    def wait(self) -> None:
        """Until the parent says go, or is gone."""
        self._line.recv(1)


class Child:
    """Runs *act* in a fork of this process, which must have no kernel open. Use it in a ``with`` block.

    Whoever waits for a word of it gives up after *patience* seconds.
    """

    pid: int
    said: list[str]
    _line: socket.socket

    def __init__(self, act: Callable[[Talk], object], patience: float = WAIT) -> None:
        if sys.platform == "win32":
            raise NotImplementedError
        self.said = []
        self._line, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.pid = os.fork()
        if self.pid == 0:
            self._line.close()
            _run(act, Talk(other))
        other.close()
        self._line.settimeout(patience)

    def hear(self) -> str | None:
        """The next thing it says; None if it is dead."""
        try:
            text = self._line.recv(65_536).decode()
        except ConnectionResetError:
            return None
        if text:
            self.said.append(text)
        return text or None

    def go(self) -> None:
        """Let a waiting child go on."""
        self._line.send(b"!")

    def kill(self) -> None:
        """Kill it as the out-of-memory killer does, wherever it is."""
        if sys.platform != "win32":
            os.kill(self.pid, signal.SIGKILL)

    def rest(self) -> list[str]:
        """Wait for its end; everything it ever said."""
        while self.hear() is not None:
            pass
        return self.said

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._line.close()
        self.kill()
        os.waitpid(self.pid, 0)


def _run(act: Callable[[Talk], object], talk: Talk) -> None:
    """The child's whole life: no handler, no finaliser and no ``atexit`` of the parent runs in it."""
    try:
        act(talk)
    except BaseException:  # noqa: BLE001  # the parent judges
        talk.say("broken " + traceback.format_exc()[-3_000:])
    finally:
        os._exit(0)


def broken(said: list[str]) -> str | None:
    """What a child found to be broken, or None."""
    return next((text for text in said if text.startswith("broken ")), None)

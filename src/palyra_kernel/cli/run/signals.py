"""Signals of a parent that stays: what comes for it goes to its child, from the moment that there is something to
remove."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Self

if sys.platform != "win32":
    ENDING = frozenset((signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT))
    """What ends a program that has not begun."""
    _PASSED = (*sorted(ENDING), signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH)
    _OF_THE_TERMINAL = frozenset((signal.SIGINT, signal.SIGQUIT))

    class Signals:
        """In its ``with`` block signals are only written down, whichever thread they hit, until they are asked for.

        What this process ignores from its birth, as under ``nohup``, it goes on ignoring, and so does its child.
        """

        def __enter__(self) -> Self:
            self._reader, writer = os.pipe()
            self._writer = writer
            os.set_blocking(writer, False)
            self._wakeup = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
            wanted = [number for number in _PASSED if signal.getsignal(number) is not signal.SIG_IGN]
            self._before = {number: signal.signal(number, _noted) for number in (*wanted, signal.SIGCHLD)}
            return self

        def __exit__(
            self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
        ) -> None:
            signal.set_wakeup_fd(self._wakeup)
            for number, handler in self._before.items():
                if number != signal.SIGCHLD or handler is not signal.SIG_DFL:
                    signal.signal(number, handler)
            # SIGCHLD keeps ours, which does what the default does, nothing: one that hit another thread and comes to
            # its end behind this line would be shown as an error.
            os.close(self._reader)
            os.close(self._writer)

        def come(self) -> list[signal.Signals]:
            """What has come so far."""
            os.set_blocking(self._reader, False)
            try:
                return self._read()
            except BlockingIOError:
                return []
            finally:
                os.set_blocking(self._reader, True)

        def wait_for(self, child: int) -> int:
            """Pass signals on until *child* has ended; return its exit code, negative for the signal that ended it."""
            while True:
                ended, status = os.waitpid(child, os.WNOHANG)
                if ended:
                    return os.waitstatus_to_exitcode(status)
                for number in self._read():
                    if number != signal.SIGCHLD and not _child_has(number):
                        with suppress(PermissionError):  # it has become somebody else
                            os.kill(child, number)

        def _read(self) -> list[signal.Signals]:
            return [signal.Signals(number) for number in os.read(self._reader, 4096)]

    def end_by(number: int) -> int:
        """End this process by the signal *number*, as its child ended."""
        with suppress(OSError):  # SIGKILL needs no setting, and takes none
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        return 128 + number  # not reached but for signals that end nobody

    def _noted(_number: int, _frame: FrameType | None) -> None:
        """The number stands in the pipe already."""

    def _child_has(number: signal.Signals) -> bool:
        """Whether a terminal has sent *number* to the child too: it writes to everybody in the foreground."""
        if number not in _OF_THE_TERMINAL:
            return False
        try:
            terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            return os.tcgetpgrp(terminal) == os.getpgrp()
        except OSError:
            return False
        finally:
            os.close(terminal)

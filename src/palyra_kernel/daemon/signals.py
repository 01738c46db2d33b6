"""What the operating system asks of the daemon: end, end now, read the configuration again."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType

_ENDING = ("SIGTERM", "SIGINT")
_READING = "SIGHUP"
_SAME_SECONDS = 1.0


class Signals:
    """Calls *stop* at the first signal to end, *reload* at each SIGHUP. A second signal to end is obeyed at once: every
    promise of the kernel holds for a process that is killed. One that comes within a second is the same once more:
    a terminal, and a program between it and us, both pass on what was typed."""

    def __init__(self, stop: Callable[[], object], reload: Callable[[], object]) -> None:
        self._stop = stop
        self._reload = reload
        self._asked_at: float | None = None

    def listen(self, loop: asyncio.AbstractEventLoop) -> None:
        """From now on, in *loop*, which runs in the main thread."""
        for name in _ENDING:
            self._on(loop, getattr(signal, name), self._end)
        if hasattr(signal, _READING):
            self._on(loop, getattr(signal, _READING), lambda _: self._reload())

    def _on(
        self, loop: asyncio.AbstractEventLoop, number: signal.Signals, act: Callable[[int], object]
    ) -> None:
        if sys.platform != "win32":
            loop.add_signal_handler(number, act, number)
            return

        def handle(given: int, _frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(act, given)

        signal.signal(number, handle)

    def _end(self, number: int) -> None:
        now = time.monotonic()
        if self._asked_at is None:
            self._asked_at = now
            self._stop()
        elif now - self._asked_at >= _SAME_SECONDS:
            os._exit(128 + number)

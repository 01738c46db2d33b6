"""A process that is stopped in the middle of a refresh, for longer than others wait, and then goes on."""

from __future__ import annotations

import os
import signal
import sys
import threading
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from palyra_kernel.auth.refresh import LEASE_MS
from tests.auth.races.engine import Engine
from tests.auth.races.expiries import BrokenError, heard
from tests.auth.races.logins import LIFETIME, Login
from tests.auth.races.moving import MovingTime
from tests.faults.children import Child, Talk
from tests.support import Places

POINTS = (
    "Refresher._asked",
    "standard_refresh",
    "HttpClient.send",
    "PinnedBackend.connect_tcp",
    "Stream.write",
)
"""Functions of the kernel that a refresh goes through between its intent and its first byte."""


class Stopped:
    """A login of two processes: one is stopped, the other does not wait for it any longer."""

    def __init__(self, base: Path, login: Login) -> None:
        self._places = Places(base)
        self._places.create().close()
        self._login = login
        self._time = MovingTime()
        with self._engine() as engine:
            engine.save(login)

    def at(self, point: str) -> None:
        """Stop a refresh where it enters *point*, let another process refresh, and let the first go on. Both have to
        end with the token that the other got. Raises :class:`BrokenError`."""
        self._time.move(LIFETIME + 1)
        before = self._login.state()
        with Child(partial(self._refresh, point)) as child:
            heard(child)
            child.go()
            _wait_until_stopped(child)
            self._time.move(LEASE_MS / 1000 + 1)
            with self._engine() as engine:
                second = engine.get_token()
            if sys.platform != "win32":
                os.kill(child.pid, signal.SIGCONT)
            first = heard(child)
        after = self._login.state()
        if (after.refreshes, after.refused, after.dead) != (before.refreshes + 1, before.refused, False):
            raise BrokenError(f"{point}: {before}, {after}")
        if first != second.token or not self._login.works(first):
            raise BrokenError(f"{point}: another token was served")

    def _refresh(self, point: str, talk: Talk) -> None:
        with self._engine() as engine:
            talk.say("open")
            talk.wait()
            sys.setprofile(_Stop(point))
            threading.setprofile(_Stop(point))
            talk.say(engine.get_token().token)

    def _engine(self) -> Engine:
        return Engine(self._places, self._time.clock())


class _Stop:
    """Stops the process at the first call of the function that is called so."""

    def __init__(self, point: str) -> None:
        self._point = point

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        if event == "call" and frame.f_code.co_qualname == self._point and sys.platform != "win32":
            sys.setprofile(None)
            signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)  # all stop, this one before it goes on


def _wait_until_stopped(child: Child) -> None:
    if sys.platform != "win32":
        _, status = os.waitpid(child.pid, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            raise BrokenError(f"it never came there: {child.rest()}")

"""``kill -9`` before any line of a refresh; then what a process that comes later makes of it."""

from __future__ import annotations

import hashlib
import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable
from itertools import count
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any

import palyra_kernel
from palyra_kernel.auth.refresh import LEASE_MS
from palyra_kernel.errors import PalyraError
from tests.auth.races.engine import Engine
from tests.auth.races.expiries import BrokenError
from tests.auth.races.logins import LIFETIME, Login
from tests.auth.races.moving import MovingTime
from tests.faults.children import Child, Talk, broken
from tests.support import Places

_OURS = str(Path(palyra_kernel.__file__).parent)


class Lines:
    """Counts the lines of the kernel that this process runs, in all threads that begin from now on and in this one, and
    kills it before line *last*; 0: never."""

    def __init__(self, last: int = 0) -> None:
        self._last = last
        self._numbers = count(1)
        self.seen = 0

    def start(self) -> None:
        threading.settrace(self._trace)
        sys.settrace(self._trace)

    def stop(self) -> int:
        """How many there were."""
        sys.settrace(None)
        threading.settrace(None)  # type: ignore[arg-type]
        return self.seen

    def _trace(self, frame: FrameType, event: str, argument: object) -> Any:
        if not frame.f_code.co_filename.startswith(_OURS):
            return None
        if event == "line":
            self.seen = next(self._numbers)
            if self.seen == self._last:
                os.kill(os.getpid(), signal.SIGKILL)
        return self._trace


class Kills:
    """Logins that live through it, one after another: *login* makes one."""

    def __init__(self, base: Path, login: Callable[[], Login], seed: int) -> None:
        self._places = Places(base)
        self._places.create().close()
        self._make = login
        self._time = MovingTime()
        self._chance = Random(seed)
        self._login = self._log_in()
        self.counts: Counter[str] = Counter()

    def length(self) -> int:
        """How many lines a refresh has that nobody disturbs."""
        self._time.move(LIFETIME + 1)
        with Child(lambda talk: self._refresh(talk, Lines())) as child:
            said = child.rest()
        if not said or not said[-1].startswith("served"):
            raise BrokenError(f"{said}")
        self._renew()
        return int(said[-1].split()[1])

    def round(self, last: int, *, again: int = 0) -> None:
        """Kill a refresh before line *last*; with *again*, whoever comes next too, before that line. Raises
        :class:`BrokenError`."""
        self._time.move(LIFETIME + 1)
        before, generation = self._login.state(), self._generation()
        for line in filter(None, (last, again)):
            with Child(lambda talk, line=line: self._refresh(talk, Lines(line))) as child:
                if wrong := broken(child.rest()):
                    raise BrokenError(wrong)
                self.counts["finished" if any("served" in word for word in child.said) else "killed"] += 1
            self._time.move(LEASE_MS / 1000 + 1)
        killed = self._login.state()
        stored = self._generation() > generation
        acted = killed.refreshes > before.refreshes
        self.counts[f"{'sent' if acted else 'not sent'}, {'stored' if stored else 'not stored'}"] += 1
        where = f"killed before lines {last}, {again}; {before} {killed}; stored: {stored}"
        self._settle(where, lost=acted and not stored, certain=not again)
        if self._login.state().presented - before.presented > 2:
            raise BrokenError(f"{where}: a token was presented again and again: {self._login.state()}")

    def _settle(self, where: str, *, lost: bool, certain: bool) -> None:
        with self._engine() as engine:
            try:
                served = engine.get_token()
            except PalyraError as error:
                if error.code != "reauth_required" or (certain and not lost):
                    raise BrokenError(f"{where}: {error!r}") from error
                self.counts["reported"] += 1
                self._login = self._log_in(engine)
                return
        if not self._login.works(served.token.decode()):
            raise BrokenError(f"{where}: a dead token was served")
        if lost:
            raise BrokenError(f"{where}: lost, and nobody says so")
        self.counts["survived"] += 1
        self._renew()

    def _renew(self) -> None:
        """What is stored has to be good for one refresh more."""
        self._time.move(LIFETIME + 1)
        with self._engine() as engine:
            token = engine.get_token().token.decode()
        if not self._login.works(token):
            raise BrokenError("the next token does not work")

    def _refresh(self, talk: Talk, lines: Lines) -> None:
        with self._engine() as engine:
            lines.start()
            try:
                served = engine.get_token()
            except PalyraError as error:
                lines.stop()
                talk.say(f"refused {error.code}")
                return
            talk.say(f"served {lines.stop()} {hashlib.sha256(served.token).hexdigest()}")

    def _generation(self) -> int:
        with self._engine() as engine:
            return engine.generation()

    def _log_in(self, engine: Engine | None = None) -> Login:
        login = self._make()
        if engine is not None:
            engine.save(login)
        else:
            with Engine(self._places, self._time.clock(), login.host()) as engine:
                engine.save(login)
        return login

    def _engine(self) -> Engine:
        return Engine(self._places, self._time.clock(), self._login.host())

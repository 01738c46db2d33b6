"""``kill -9`` at every step of a refresh; then what a process that comes later makes of it."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any

import palyra_kernel
from palyra_kernel.auth.refresh import LEASE_MS
from palyra_kernel.errors import PalyraError
from palyra_kernel.kernel.auth_events import SUSPECT
from tests.auth.races.engine import Engine
from tests.auth.races.expiries import BrokenError
from tests.auth.races.logins import LIFETIME, Login, State
from tests.auth.races.moving import MovingTime
from tests.faults.children import Child, Talk, broken
from tests.faults.failing import Injector
from tests.support import Places

_OURS = str(Path(palyra_kernel.__file__).parent)
_NEVER = 0
_MOST = 2
"""How often one refresh token is ever sent."""


class Lines(Injector):
    """Kills the process before the n-th line of the kernel that it runs, in whichever thread. Counts them, too."""

    def __init__(self) -> None:
        self.seen = 0
        self._numbers = count(1)
        self._last = _NEVER

    def start(self, which: int) -> None:
        self._last = which
        threading.settrace(self._trace)
        sys.settrace(self._trace)

    def _trace(self, frame: FrameType, event: str, argument: object) -> Any:
        if not frame.f_code.co_filename.startswith(_OURS):
            return None
        if event == "line":
            self.seen = next(self._numbers)
            if self.seen == self._last and sys.platform != "win32":
                os.kill(os.getpid(), signal.SIGKILL)
        return self._trace

    def happened(self, said: list[str]) -> bool:
        return not any(text.startswith(("served", "refused")) for text in said)


class Kills:
    """One profile, logged in anew whenever its login is lost. *make* makes a login at the issuer."""

    _login: Login
    _generation: int
    _logged: int

    def __init__(self, base: Path, make: Callable[[], Login]) -> None:
        self._places = Places(base)
        self._places.create().close()
        self._make = make
        self._time = MovingTime()
        self._log_in()
        self.counts: Counter[str] = Counter()

    def length(self, *, early: bool = False) -> int:
        """How many lines a refresh has that nobody disturbs: one that a caller waits for, or an *early* one."""
        self._next()  # what it imports is there from now on, in every process that is forked
        self._time.move(LIFETIME / 2 if early else LIFETIME + 1)
        with Child(partial(self._refresh, Lines(), _NEVER, early)) as child:
            child.hear()
            child.go()
            served = child.hear()
        if served is None or not served.startswith("served"):
            raise BrokenError(f"{served}")
        self._next()
        return int(served.split()[1])

    def round(self, *faults: tuple[Injector, int], early: bool = False) -> bool:
        """Let the token expire, and kill those who refresh it one after the other, each by its fault; then see what is
        left. *early*: they refresh it while it still works. Whether all faults happened. Raises :class:`BrokenError`.
        """
        self._time.move(LIFETIME / 2 if early else LIFETIME + 1)
        before = self._login.state()
        happened = [self._killed(*fault, early=early) for fault in faults]
        where = f"faults {[which for _, which in faults]}, {before}, {self._login.state()}"
        with self._engine() as engine:
            alive = self._judge(engine, before, where, certain=len(faults) == 1, early=early)
        if self._login.state().presented - before.presented > _MOST:
            raise BrokenError(f"{where}: the token was presented again and again: {self._login.state()}")
        self._next() if alive else self._log_in()
        return all(happened)

    def _killed(self, injector: Injector, which: int, *, early: bool) -> bool:
        with Child(partial(self._refresh, injector, which, early)) as child:
            if child.hear() != "open":
                raise BrokenError(f"{child.rest()}")
            with injector.around(child, which):
                child.go()
                said = child.rest()
        if wrong := broken(said):
            raise BrokenError(wrong)
        self._time.move(LEASE_MS / 1000 + 1)  # whoever is dead holds nothing any more
        happened = injector.happened(said)
        self.counts["killed"] += happened
        return happened

    def _refresh(self, injector: Injector, which: int, early: bool, talk: Talk) -> None:
        with self._engine() as engine:
            talk.say("open")
            talk.wait()
            injector.start(which)
            try:
                engine.refresh() if early else engine.get_token()
            except PalyraError as error:
                talk.say(f"refused {error.code}")
            else:
                talk.say(f"served {injector.seen if isinstance(injector, Lines) else ''}")

    def _judge(self, engine: Engine, before: State, where: str, *, certain: bool, early: bool) -> bool:
        """Whether the login lives, as a later process finds. *certain*: it may only be given up if it is lost."""
        family = engine.family()
        stored = family.generation > self._generation
        lost = self._login.state().refreshes > before.refreshes and not stored
        self.counts["rounds"] += 1
        self.counts["stored" if stored else "spent, not stored" if lost else "not spent"] += 1
        if early:
            if family.intent or family.suspicion:
                self._check_doubted(engine, where)
            self._time.move(LIFETIME)
        try:
            token = engine.get_token().token
        except PalyraError as error:
            if certain and not lost:
                raise BrokenError(f"{where}: {error!r}, {engine.family()}") from error
            self._check_told(engine, where)
            self.counts["told that it is lost"] += 1
        else:
            if lost or not self._login.works(token):
                raise BrokenError(f"{where}: a dead login, and nobody says so")
            self.counts["lives"] += 1
        alive = not engine.family().terminal
        if certain:
            self._check_events(engine, where, doubted=family.intent is not None, alive=alive)
        return alive

    def _check_doubted(self, engine: Engine, where: str) -> None:
        """Nobody knows whether the refresh token is spent, so as long as there is another way it is not presented."""
        presented = self._login.state().presented
        outcomes = [engine.refresh(), engine.refresh()]
        if outcomes != ["suspect", "suspect"] or self._login.state().presented != presented:
            raise BrokenError(f"{where}: {outcomes}, {self._login.state()}")
        if not self._login.works(engine.get_token().token):
            raise BrokenError(f"{where}: a dead token was served")
        self.counts["found suspect"] += 1

    def _check_told(self, engine: Engine, where: str) -> None:
        """It stays lost, and asking costs nothing."""
        presented = self._login.state().presented
        try:
            engine.get_token()
        except PalyraError:
            if engine.family().terminal == "reauth_required" and self._login.state().presented == presented:
                return
        raise BrokenError(f"{where}: lost, and then not")

    def _check_events(self, engine: Engine, where: str, *, doubted: bool, alive: bool) -> None:
        """The audit log says once that a refresh has no known end, and once that it cost the login."""
        events = engine.events(self._logged)
        told = (events.count(SUSPECT), sum(event.endswith("reauth_required") for event in events))
        if told != (doubted, not alive):
            raise BrokenError(f"{where}: the audit log has {events}")

    def _log_in(self) -> None:
        self._login = self._make()
        with self._engine() as engine:
            engine.save(self._login)
            self._stand(engine)

    def _next(self) -> None:
        """What is stored has to be good for one refresh more."""
        self._time.move(LIFETIME + 1)
        with self._engine() as engine:
            token = engine.get_token().token
            self._stand(engine)
        if not self._login.works(token):
            raise BrokenError("the next token does not work")

    def _stand(self, engine: Engine) -> None:
        """Where the next round begins."""
        self._generation, self._logged = engine.family().generation, engine.logged()

    def _engine(self) -> Engine:
        return Engine(self._places, self._time.clock())

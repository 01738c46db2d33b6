"""Many processes use one login in real time, as programs do: some refresh before it is needed, others when it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from palyra_kernel.auth.clock import Clock
from tests.auth.races.engine import Engine
from tests.auth.races.expiries import BrokenError, heard
from tests.auth.races.logins import Login
from tests.faults.children import Child, Talk
from tests.support import Places

_BETWEEN_CALLS = 0.05


class Lives:
    """*processes* use *login* until its tokens have come to *generation*. Every second one has a scheduler."""

    def __init__(self, base: Path, login: Login, processes: int, generation: int) -> None:
        self._places = Places(base)
        self._login = login
        self._processes = processes
        self._generation = generation

    def run(self, patience: float = 200.0) -> None:
        """Raises :class:`BrokenError`."""
        self._places.create().close()
        with self._engine() as engine:
            engine.save(self._login)
        with ExitStack() as stack:
            children = [
                stack.enter_context(Child(partial(self._work, number % 2 == 1), patience))
                for number in range(self._processes)
            ]
            _all(children, heard)
            _all(children, Child.go)
            _all(children, heard)
        with self._engine() as engine:
            generation = engine.family().generation
        refreshes = generation - 1  # each was stored, once
        if (state := self._login.state()) != (refreshes, 0, False):
            raise BrokenError(f"generation {generation}: {state}")

    def _work(self, schedules: bool, talk: Talk) -> None:
        with self._engine() as engine:
            talk.say("open")
            talk.wait()
            if schedules:
                engine.auth.scheduler.start()
            generation = 0
            while generation < self._generation:
                served = engine.get_token()
                if served.generation < generation:
                    raise BrokenError(f"generation {served.generation} after {generation}")
                generation = served.generation
                if not self._login.works(served.token) and time.time() * 1000 < served.expires_at_ms:
                    raise BrokenError(f"generation {generation}: a token that does not work was served")
                time.sleep(_BETWEEN_CALLS)
        talk.say("done")

    def _engine(self) -> Engine:
        return Engine(self._places, Clock())


def _all(children: list[Child], act: Callable[[Child], object]) -> None:
    for child in children:
        act(child)

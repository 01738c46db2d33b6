"""Many processes want the token of one login at the moment it expires, again and again."""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from functools import partial
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from tests.auth.races.engine import Engine
from tests.auth.races.logins import LIFETIME, Login
from tests.auth.races.moving import MovingTime
from tests.faults.children import Child, Talk, broken
from tests.support import Places


class BrokenError(AssertionError):
    """Somebody got an old token, or the issuer was asked too often."""


class Answer(NamedTuple):
    """What one caller got: the generation, a digest of the token, and when it expires."""

    generation: str
    token: str
    expires_at_ms: str
    seconds: str


class Expiries:
    """*processes* share *login*. Time moves for all of them at once, to behind the end of the token. With *renewed* one
    of them gets a newer token each second time, long before."""

    def __init__(self, base: Path, login: Login, processes: int, *, renewed: bool = False) -> None:
        self._renewed = renewed
        self._places = Places(base)
        self._login = login
        self._processes = processes
        self._time = MovingTime()
        self.waits: list[float] = []
        """Seconds, of every caller."""
        self.done = 0

    def run(self, expiries: int, patience: float = 120.0) -> None:
        """Raises :class:`BrokenError`."""
        self._places.create().close()
        with self._engine() as engine:
            engine.save(self._login)
        with ExitStack() as stack:
            children = [
                stack.enter_context(Child(partial(self._work, number == 0), patience))
                for number in range(self._processes)
            ]
            for child in children:
                heard(child)
            for expiry in range(1, expiries + 1):
                first = children[:1] if self._is_renewal(expiry) else children
                if first is children:
                    self._time.move(LIFETIME + 1)
                answers = _asked(first)
                self._judge(expiry, answers + _asked(children[len(first) :]))

    def _is_renewal(self, expiry: int) -> bool:
        return self._renewed and expiry % 2 == 0

    def _judge(self, expiry: int, answers: list[Answer]) -> None:
        tokens = {answer[:3] for answer in answers}
        if len(tokens) > 1 or answers[0].generation != str(expiry + 1):
            raise BrokenError(f"expiry {expiry}: {tokens}")
        if int(answers[0].expires_at_ms) <= self._time.now_ms():
            raise BrokenError(f"expiry {expiry}: an expired token was served")
        if (state := self._login.state()) != (expiry, 0, False):
            raise BrokenError(f"expiry {expiry}: {state}")
        self.done += 1
        self.waits += [float(answer.seconds) for answer in answers]

    def _work(self, renews: bool, talk: Talk) -> None:
        with self._engine() as engine:
            talk.say("open")
            for expiry in count(1):
                talk.wait()
                start = perf_counter()
                if renews and self._is_renewal(expiry):
                    engine.refresh()
                served = engine.get_token()
                seconds = perf_counter() - start
                digest = hashlib.sha256(served.token.encode()).hexdigest()
                talk.say(f"{served.generation} {digest} {served.expires_at_ms} {seconds}")

    def _engine(self) -> Engine:
        return Engine(self._places, self._time.clock())


def _asked(children: list[Child]) -> list[Answer]:
    for child in children:
        child.go()
    return [Answer(*heard(child).split()) for child in children]


def heard(child: Child) -> str:
    """What it says. Raises :class:`BrokenError` if it died."""
    said = child.hear()
    if said is None or broken([said]):
        raise BrokenError(f"a process died: {said}")
    return said

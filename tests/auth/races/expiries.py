"""Many processes want the token of one login at the moment it expires, again and again."""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
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
    """*processes* share *login*. Time moves for all of them at once, to behind the end of the token."""

    def __init__(self, base: Path, login: Login, processes: int) -> None:
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
            children = [stack.enter_context(Child(self._work, patience)) for _ in range(self._processes)]
            for child in children:
                _heard(child)
            for expiry in range(1, expiries + 1):
                self._time.move(LIFETIME + 1)
                for child in children:
                    child.go()
                self._judge(expiry, [Answer(*_heard(child).split()) for child in children])

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

    def _work(self, talk: Talk) -> None:
        with self._engine() as engine:
            talk.say("open")
            while True:
                talk.wait()
                start = perf_counter()
                served = engine.get_token()
                seconds = perf_counter() - start
                digest = hashlib.sha256(served.token.encode()).hexdigest()
                talk.say(f"{served.generation} {digest} {served.expires_at_ms} {seconds}")

    def _engine(self) -> Engine:
        return Engine(self._places, self._time.clock())


def _heard(child: Child) -> str:
    said = child.hear()
    if said is None or broken([said]):
        raise BrokenError(f"a process died: {said}")
    return said

"""``kill -9`` at a random moment of a random program of verbs, ten thousand times if need be."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from pathlib import Path
from random import Random

from tests.faults.children import Child, Talk, broken
from tests.faults.program import program
from tests.faults.stage import BrokenError, Stage
from tests.faults.states import START
from tests.faults.step import Step
from tests.stranger import BothPlaces

_LONGEST = 4
_COLLECT_EVERY = 25
_START_SPAN = 0.05


class Killing:
    """Rounds on one vault; what one round leaves is what the next one starts from.

    The moment is drawn from a span of seconds that follows how long such a program takes here: about a third of the
    children finish before they are killed, so the moments cover the whole program on any machine.
    """

    def __init__(self, base: Path, seed: int) -> None:
        self._stage = Stage.new(base, BothPlaces)
        self._chance = Random(seed)
        self._state = START
        self._spans: defaultdict[str, float] = defaultdict(lambda: _START_SPAN)
        self.counts: Counter[str] = Counter()

    def round(self) -> None:
        """Run, kill, reopen, compare. Raises :class:`BrokenError`."""
        steps = program(self._state, self._chance, _LONGEST)
        if steps[0].prepare is not None:
            steps[0].prepare(self._stage)
        acknowledged = self._killed(steps)
        done = steps[acknowledged - 1].after if acknowledged else self._state
        allowed, reopen = [done], steps[min(acknowledged, len(steps) - 1)].reopen
        if acknowledged < len(steps):
            allowed.append(steps[acknowledged].after)
            self.counts[f"killed in {steps[acknowledged].verb}"] += 1
        self.counts["rounds"] += 1
        self.counts["acknowledged verbs"] += acknowledged
        collect = self.counts["rounds"] % _COLLECT_EVERY == 0
        try:
            self._state = self._stage.settle(allowed, reopen, collect=collect)
        except Exception as error:
            verbs = [step.verb for step in steps]
            raise BrokenError(f"after {acknowledged} of {verbs}, {self.counts}: {error!r}") from error

    def _killed(self, steps: list[Step]) -> int:
        """Run *steps* in a child and kill it; how many it acknowledged."""

        kind = steps[0].verb if steps[0].prepare is not None else "program"

        def act(talk: Talk) -> None:
            steps[0].begin(self._stage)
            talk.say("open")
            for step in steps:
                step.run(self._stage)
                talk.say("ok")
            talk.wait()

        with Child(act) as child:
            if self._chance.random() < 0.9:  # the others may die while they open the vault
                child.hear()
            time.sleep(self._chance.uniform(0, self._spans[kind]))
            child.kill()
            said = child.rest()
        wrong = broken(said)
        if wrong is not None:
            raise BrokenError(f"{[step.verb for step in steps]}: {wrong}")
        acknowledged = said.count("ok")
        self._spans[kind] *= 0.85 if acknowledged == len(steps) else 1.08
        return acknowledged

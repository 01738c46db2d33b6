"""A fault walks through a verb: at its first call, its second, and on until there is no such call any more."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from random import Random
from typing import Protocol

from palyra_kernel.errors import PalyraError
from tests.faults.children import Child, Talk, broken
from tests.faults.stage import Broken, Stage
from tests.faults.states import State
from tests.faults.verbs import CANARY, START, Step, Verb, needed_before

PROBE = "probe"
_LAST_CALL = 400
"""No verb of a small vault comes near so many calls of one kind."""


class Fault(Protocol):
    """Something that goes wrong once in a child."""

    @property
    def happened(self) -> bool: ...


Inject = Callable[[Child, int], AbstractContextManager[Fault]]
"""Makes the n-th call of a child fail, from when the block is entered until the child is dead."""


class Failing:
    """One vault, and faults that walk through verbs on it."""

    def __init__(self, base: Path, seed: int) -> None:
        self.stage = Stage.new(base)
        self._chance = Random(seed)
        self.state = START
        self.counts: Counter[str] = Counter()

    def walk(self, verb: Verb, inject: Inject, first: int = 1, stride: int = 1) -> int:
        """Fail every *stride*-th call of *verb*; how many faults there were. Raises :class:`Broken`."""
        for which in range(first, _LAST_CALL, stride):
            if not self._round(self._prepared(verb), inject, which):
                return (which - first) // stride
        raise Broken(f"{verb.__name__} never ends")

    def _prepared(self, verb: Verb) -> Step:
        """The step of *verb*, after what it needs was done without a fault."""
        while (step := verb(self.state, self._chance)) is None:
            before = needed_before(self.state, self._chance)
            before.run(self.stage)
            self.state = before.after
        self.stage.close()
        return step

    def _round(self, step: Step, inject: Inject, which: int) -> bool:
        probe = CANARY + b"%d" % self._chance.getrandbits(32)
        with Child(lambda talk: _suffer(talk, self.stage, step, probe)) as child:
            if child.hear() is None:
                raise Broken("the child died before the fault")
            with inject(child, which) as fault:
                child.go()
                said = child.rest()
        wrong = broken(said)
        where = f"{step.verb}, call {which}, {said}"
        if wrong is not None:
            raise Broken(f"{where}: {wrong}")
        if fault.happened:
            self.counts["faults"] += 1
            self.counts[f"in {step.verb}"] += 1
            self.counts.update(text for text in said if text.startswith("failed"))
            if "failed damaged" in said: print("DAMAGED", where)
        try:
            self.state = self.stage.settle(_allowed(self.state, step, said, probe), step.reopen)
        except Exception as error:
            raise Broken(f"{where}: {error!r}") from error
        return fault.happened


def _suffer(talk: Talk, stage: Stage, step: Step, probe: bytes) -> None:
    """In the child: the step; and if that failed, one put more and the closing, which must not."""
    stage.reopen()
    talk.say("open")
    talk.wait()
    try:
        step.run(stage)
    except PalyraError as error:
        _tells_nothing(error)
        talk.say(f"failed {error.code}")
        stage.kernel.vault.put(PROBE, probe)  # there is one fault only: after it everything goes on
        talk.say("went on")
        stage.close()
    else:
        talk.say("done")


def _tells_nothing(error: PalyraError) -> None:
    text = "".join(traceback.format_exception(error)) + repr(error) + str(error.hint)
    assert CANARY.decode() not in text, "a value is in the error"
    assert error.message, "the error says nothing"
    assert error.code, "the error has no code"


def _allowed(before: State, step: Step, said: list[str], probe: bytes) -> list[State]:
    """The states that what the child said leaves open."""
    states = [step.after] if "done" in said else [before, step.after]
    probed = [state.put({PROBE: probe}) for state in states]
    if "went on" in said:
        return probed
    return states + probed if any(text.startswith("failed") for text in said) else states

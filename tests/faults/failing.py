"""A fault walks through a verb: at its first call, its second, and on until there is no such call any more."""

from __future__ import annotations

import traceback
from abc import ABC, abstractmethod
from collections import Counter
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from random import Random

from palyra_kernel.errors import PalyraError
from tests.faults.children import Child, Talk, broken
from tests.faults.program import needed_before
from tests.faults.stage import BrokenError, Stage
from tests.faults.states import START, State
from tests.faults.step import CANARY, Step, Verb
from tests.stranger import BothPlaces

PROBE = "probe"
_LAST_CALL = 1000
"""No verb of a small vault comes near so many calls of one kind."""


class Injector(ABC):
    """Makes one call of a child go wrong."""

    def install(self, talk: Talk) -> None:  # noqa: B027  # most have nothing to do there
        """In the child, before it opens the vault."""

    def start(self, which: int) -> None:  # noqa: B027
        """In the child: count from here, and fail the *which*-th call."""

    def around(self, child: Child, which: int) -> AbstractContextManager[object]:
        """In the parent, around the life of the child from there on."""
        return nullcontext()

    @abstractmethod
    def happened(self, said: list[str]) -> bool:
        """Whether there was such a call. Asked when the child is dead."""


class Failing:
    """One vault, and faults that walk through verbs on it; what one round leaves is what the next starts from."""

    def __init__(self, base: Path, seed: int) -> None:
        self.stage = Stage.new(base, BothPlaces)
        self._chance = Random(seed)
        self.state = START
        self.counts: Counter[str] = Counter()

    def walk(self, verb: Verb, injector: Injector, *, first: int = 1, stride: int = 1) -> int:
        """Fail every *stride*-th call of *verb* from the *first* on; how many faults there were.

        Raises :class:`BrokenError`.
        """
        for which in range(first, _LAST_CALL, stride):
            if not self._round(self._prepared(verb), injector, which):
                return (which - first) // stride
        raise BrokenError(f"{verb.__name__} never ends")

    def _prepared(self, verb: Verb) -> Step:
        """The step of *verb*, after what it needs was done without a fault."""
        while (step := verb(self.state, self._chance)) is None:
            before = needed_before(self.state, self._chance)
            before.run(self.stage)
            self.state = before.after
        self.stage.close()
        if step.prepare is not None:
            step.prepare(self.stage)
        return step

    def _round(self, step: Step, injector: Injector, which: int) -> bool:
        probe = CANARY + b"%d" % self._chance.getrandbits(32)

        def act(talk: Talk) -> None:
            injector.install(talk)
            step.begin(self.stage)
            talk.say("open")
            talk.wait()
            injector.start(which)
            _suffer(talk, self.stage, step, probe)

        with Child(act) as child:
            if child.hear() != "open":
                raise BrokenError(f"{child.rest()}")
            with injector.around(child, which):
                child.go()
                said = child.rest()
        where = f"{step.verb}, call {which}, {said}"
        if broken(said) is not None:
            raise BrokenError(where)
        happened = injector.happened(said)
        if happened:
            self.counts["faults"] += 1
            self.counts[f"in {step.verb}"] += 1
            self.counts.update(text for text in said if text.startswith("failed"))
        try:
            self.state = self.stage.settle(_allowed(self.state, step, said, probe), step.reopen)
        except Exception as error:
            raise BrokenError(f"{where}: {error!r}") from error
        return happened


def _suffer(talk: Talk, stage: Stage, step: Step, probe: bytes) -> None:
    """In the child: the step; and if that failed, one put more and the closing, which must not."""
    try:
        step.run(stage)
    except PalyraError as error:
        _tells_nothing(error)
        talk.say(f"failed {error.code}")
        if step.reopen is not None:
            step.reopen(stage)
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

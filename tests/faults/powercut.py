"""Power cuts: verbs run once on the file system that forgets, then the power is cut after any call they made."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from shutil import rmtree, which

import pytest

from tests.faults.children import WAIT, Child, Talk, broken
from tests.faults.disk import Disk, Op
from tests.faults.forgetful import SAID, read_journal
from tests.faults.life import moved
from tests.faults.program import VERBS, needed_before
from tests.faults.stage import BrokenError, Stage
from tests.faults.states import START, State
from tests.faults.step import Step
from tests.stranger import BothPlaces

SURVIVALS = (0.0, 0.5, 0.9)
"""Chances of what was not synced: nothing survives, half of it, nearly all."""

_MADE = "made"


def need_fuse() -> None:
    """Skip a test marked ``real`` where there is no FUSE."""
    if which("fusermount3") is None or not os.access("/dev/fuse", os.R_OK | os.W_OK):
        pytest.skip("apt-get install fuse3, on a machine with /dev/fuse")


class PowerCuts:
    """One life of a vault on a disk that forgets, from its making through every verb, recorded in *base*."""

    def __init__(self, base: Path, seed: int) -> None:
        self._base = base
        self._chance = Random(seed)
        self._stage = Stage(base / "disk" / "vault", BothPlaces)
        self._steps = _every_verb(self._chance)
        self.ops = self._record()

    def _record(self) -> list[Op]:
        def act(talk: Talk) -> None:
            said = os.open(self._base / "disk" / SAID, os.O_WRONLY | os.O_CREAT)
            self._stage.create()
            os.write(said, _MADE.encode())
            for step in self._steps:
                step.run(self._stage)
                os.write(said, step.verb.encode())
            self._stage.close()
            talk.say("done")

        with _mounted(self._base / "disk", self._base / "journal"), Child(act, patience=4 * WAIT) as child:
            said = child.rest()
        if said != ["done"]:
            raise BrokenError(f"{broken(said)}")
        return read_journal(self._base / "journal")

    def cut(self, after: int, survival: float) -> None:
        """Cut the power after so many calls, and look over what is left. Raises :class:`BrokenError`."""
        disk = Disk()
        for op in self.ops[:after]:
            disk.apply(op)
        left = self._base / "left"
        rmtree(left, ignore_errors=True)
        left.mkdir(mode=0o700)
        disk.cut(left, self._chance, survival)
        said = [op[1] for op in self.ops[:after] if op[0] == "said"]
        (left / "vault").mkdir(mode=0o700, exist_ok=True)
        stage = self._stage.at(left / "vault")
        try:
            self._settle(stage, said)
        except Exception as error:
            done = len(said)
            where = f"after {after} of {len(self.ops)} calls, {done} acknowledged, survival {survival}"
            raise BrokenError(f"{where}, last {said[-1:]}: {error!r}") from error

    def _settle(self, stage: Stage, said: list[str]) -> None:
        if not said:  # it may not be there yet; then making it again must make it whole
            stage.create()
            stage.settle([START])
            return
        states = [START, *(step.after for step in self._steps)]
        done = len(said) - 1
        stage.settle(states[done : done + 2], moved, collect=done % 5 == 0)


def _every_verb(chance: Random) -> list[Step]:
    """Each verb that needs no scene of its own, in its turn, and what it needs before it."""
    state: State = START
    steps: list[Step] = []
    for verb in VERBS.values():
        while (step := verb(state, chance)) is None:
            steps.append(needed_before(state, chance))
            state = steps[-1].after
        if step.prepare is None:
            steps.append(step)
            state = step.after
    return steps


@contextmanager
def _mounted(at: Path, journal: Path) -> Iterator[None]:
    at.mkdir(mode=0o700)
    root = Path(__file__).parents[2]
    path = os.pathsep.join([str(root), *(entry for entry in sys.path if entry)])
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.forgetful", str(at), str(journal)],
        env={**os.environ, "PYTHONPATH": path},
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        while not os.path.ismount(at):  # not on Windows
            if server.poll() is not None:
                pytest.skip(f"FUSE cannot mount here: {server.communicate()[0]!r}")
        yield
    finally:
        subprocess.run(["fusermount3", "-u", "-z", str(at)], check=False, capture_output=True)
        server.wait(WAIT)
        if server.stdout is not None:
            server.stdout.close()

"""``kill -9`` at a random moment of a migration to another backend, while another process writes, and may die too."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from random import Random

from palyra_kernel.kernel.backing import load_state
from tests.faults.children import Child, Talk, broken
from tests.faults.stage import BrokenError, Stage
from tests.faults.states import START, State
from tests.faults.step import CANARY
from tests.stranger import BOTH, BothPlaces, held

_KEYS = ("a", "b", "deep/c", "d", "e", "f", "g", "h")
_SIZES = (0, 40, 300, 5_000, 30_000)
_WRITES = 4
_ATTEMPTS = 3
_START_SPAN = 0.2


class Moving:
    """Rounds on one vault: each moves it to the other backend, however often that is interrupted.

    The span from which the moments are drawn follows how long a
    migration takes here.
    """

    def __init__(self, base: Path, seed: int) -> None:
        self._stage = Stage.new(base, BothPlaces)
        self._chance = Random(seed)
        self._state = START
        self._span = _START_SPAN
        self._kind = ""
        self.counts: Counter[str] = Counter()
        kernel = self._stage.kernel
        for key in _KEYS:
            value = self._value()
            kernel.vault.put(key, value)
            self._state = self._state.put({key: value})
        self._stage.close()

    @property
    def interruptions(self) -> int:
        """How often a migration was killed that had begun to work, and had not ended."""
        return self.counts["interrupted"]

    def round(self) -> None:
        """Move, kill, compare, until it is moved. Raises :class:`BrokenError`."""
        kernel = self._stage.reopen()
        self._kind = kernel.backend_kind
        self._stage.close()
        (target,) = set(BOTH) - {self._kind}
        self.counts["rounds"] += 1
        before = "not begun"
        for _ in range(_ATTEMPTS):
            moved = self._killed(target, self._writes())
            phase = self._phase(target)
            self.counts[f"left {phase}"] += 1
            self.counts["interrupted"] += "moved" not in moved and ("at work" in moved or phase != before)
            before = phase
            if phase == "done":
                break
        self._finish(target)

    def _killed(self, target: str, writes: list[tuple[str, bytes]]) -> list[str]:
        """Migrate in one child and write in another, which opened the vault before; kill the first, perhaps both.
        Return what the first one said."""

        def write(talk: Talk) -> None:
            kernel = self._stage.reopen()
            talk.say("open")
            talk.wait()
            for key, value in writes:
                kernel.vault.put(key, value)
                kernel.vault.get(key).wipe()
                talk.say("ok")

        def migrate(talk: Talk) -> None:
            kernel = self._stage.reopen()
            talk.say("open")
            talk.wait()
            kernel.migrate(target, lambda _what, _count: talk.say("at work"))
            talk.say("moved")

        with Child(write) as writer, Child(migrate) as mover:
            for child in (writer, mover):
                child.hear()
            for child in (writer, mover):
                child.go()
            time.sleep(self._chance.uniform(0, self._span))
            mover.kill()
            if self._chance.random() < 0.3:
                writer.kill()
            moved, said = mover.rest(), writer.rest()
        for words in (moved, said):
            if (wrong := broken(words)) is not None:
                raise BrokenError(f"{self.counts}: {wrong}")
        self._span *= 0.9 if "moved" in moved else 1.05
        self.counts["moved before the kill"] += "moved" in moved
        self.counts["writes"] += said.count("ok")
        self._state = self._settled(writes, said.count("ok"))
        return moved

    def _settled(self, writes: list[tuple[str, bytes]], acknowledged: int) -> State:
        states = [self._state]
        for key, value in writes:
            states.append(states[-1].put({key: value}))
        return self._stage.settle(states[acknowledged : acknowledged + 2])

    def _finish(self, target: str) -> None:
        if self._phase(target) != "done":
            self._stage.kernel.migrate(target)
        self._stage.settle([self._state], collect=True)
        kernel = self._stage.reopen()
        alive = {
            line.object_id
            for item in kernel.vault.list(None)
            for line in kernel._index.find(item.ref).entry.versions  # type: ignore[union-attr]
            if line.object_id
        }
        if held(kernel, target) != alive:
            raise BrokenError(f"{target} does not hold exactly what the index refers to")
        stray = held(kernel, self._kind)
        if not stray.isdisjoint(alive):
            raise BrokenError(f"{self._kind} still holds what is in {target}")
        self.counts["left by writers that were killed"] += len(stray)
        self._stage.close()

    def _phase(self, target: str) -> str:
        """How far it came."""
        pins, record, _ = load_state(self._stage.reopen()._records)
        if record.copying_to:
            return "copying"
        if record.emptying:
            return "emptying"
        return "done" if pins.backend == target else "not begun"

    def _writes(self) -> list[tuple[str, bytes]]:
        return [(self._chance.choice(_KEYS), self._value()) for _ in range(_WRITES)]

    def _value(self) -> bytes:
        return CANARY + self._chance.randbytes(self._chance.choice(_SIZES))

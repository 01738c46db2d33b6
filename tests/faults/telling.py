"""The audit log under faults: what was told is there, in the vault or in a file that is whole."""

from __future__ import annotations

from random import Random

from palyra_kernel.audit import Event
from palyra_kernel.values.ids import new_id, now_ms
from tests.faults.stage import Stage
from tests.faults.states import State
from tests.faults.step import CANARY, Step


def _event(action: str) -> Event:
    return Event(
        time_ms=now_ms(),
        principal="user:1",
        action=action,
        resource="vault:own",
        outcome="allowed",
        code="test",
    )


def tell(state: State, chance: Random) -> Step:
    """One event at once and two alike that are grouped; the second commit has all."""
    purpose = (CANARY + chance.randbytes(8).hex().encode()).decode()

    def run(stage: Stage) -> None:
        audit = stage.kernel.audit
        audit.write(_event("told"))
        for _ in range(2):
            audit.group.add(_event(purpose))
        audit.group.flush()

    return Step("tell", run, state)


def archive(state: State, _chance: Random) -> Step:
    def run(stage: Stage) -> None:
        audit = stage.kernel.audit
        for _ in range(3):
            audit.write(_event("told"))
        audit.archive(stage.base / f"archive-{new_id()}", keep=1, event=_event("audit.archive"))

    return Step("archive", run, state)

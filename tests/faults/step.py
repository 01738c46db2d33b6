"""One act on a vault, and what must be true when it has returned."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from tests.faults.stage import Reopen, Stage
from tests.faults.states import State

CANARY = b"canary-"
"""Every value starts with it; it must not appear in any error."""


class Step(NamedTuple):
    """``run`` leads to the state ``after``.

    ``prepare`` sets the scene before any fault, and leaves the vault closed; such a step comes first in its program.
    ``reopen`` opens a vault that died inside the step, and checks what else must hold.
    """

    verb: str
    run: Callable[[Stage], object]
    after: State
    prepare: Callable[[Stage], object] | None = None
    reopen: Reopen | None = None

    def begin(self, stage: Stage) -> None:
        """In the process that will suffer: open the vault, unless the step does it."""
        if self.prepare is None:
            stage.reopen()


Verb = Callable[[State, Random], Step | None]
"""Plans one act on a vault in this state; None if the verb means nothing there."""

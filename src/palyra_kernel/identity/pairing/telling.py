"""What is written down of pairings that no session asks for, in the commit of what it tells of.

What a limit turns away is not written down, or whoever is turned away could fill the log.
"""

from __future__ import annotations

from typing import Literal

from palyra_kernel.identity.events import Tell
from palyra_kernel.identity.pairing.attempts import Pins
from palyra_kernel.identity.pairing.states import Pairing
from palyra_kernel.records import Change

Step = Literal["begun", "failed", "cancelled", "acknowledged"]


class Telling:
    """From what happened to the change that writes it down."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell

    def step(self, step: Step, pairing: Pairing, code: str = "") -> Change:
        """A step that nobody's session took; *code* says why, of one that is an end."""
        details = {"run": pairing.id, "kind": pairing.kind, "method": pairing.method, "code": pairing.code}
        return self._tell(
            f"pairing.{step}", device=pairing.device, code=code, details={**details, "source": pairing.source}
        )

    def locked(self, pairing: Pairing) -> Change:
        """The code of *pairing* was tried in vain too often; that is the last run of it, or one behind the last."""
        details = {"code": pairing.code, "run": pairing.id, "source": pairing.source}
        return self._tell("pairing.code_locked", code="attempts", details=details)

    def pins(self, before: Pins, after: Pins, pairing: Pairing) -> Change:
        """PINs are closed, if they were not before."""
        if before.closed or not after.closed:
            return Change()
        details = {"run": pairing.id, "source": pairing.source}
        return self._tell("pairing.pins_closed", code="attempts", details=details)

"""What happens to certificates and devices, for whoever writes it down: in the commit of what happens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from palyra_kernel.records import Change


class Tell(Protocol):
    """From what happened to the change that writes it down. *device*: whom it is about, a ULID, or nobody."""

    def __call__(
        self, action: str, *, device: str = "", code: str = "", details: Mapping[str, str] | None = None
    ) -> Change:
        """*action*, such as ``pairing.failed``; *code* says more of one that failed."""


def _nothing(
    action: str, *, device: str = "", code: str = "", details: Mapping[str, str] | None = None
) -> Change:
    del action, device, code, details
    return Change()


SILENT: Tell = _nothing
"""Nobody writes anything down."""

Refused = Callable[[str, str, str], None]
"""Told of an action that a peer was refused, of the device that it says it is (empty: it does not), and of the code of
why. It raises nothing, and may keep to itself what there is too much of."""


def unheard(action: str, device: str, code: str) -> None:
    """Nobody listens."""
    del action, device, code


class Log(NamedTuple):
    """Where it is written down."""

    tell: Tell = SILENT
    refused: Refused = unheard


SILENCE = Log()
"""It is written down nowhere."""

"""What all verbs of a session have in common: whatever was permitted is done, and written down with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from palyra_kernel.records import Change
from palyra_kernel.session.gate import Gate, Permit

T = TypeVar("T")


def changed(gate: Gate, permit: Permit, plan: Callable[[], Change]) -> None:
    """Commit what *plan* returns with the event of *permit*. What goes wrong is written down too."""

    def whole() -> Change:
        change = plan()
        change.merge(gate.beside([permit]))
        return change

    with gate.watched([permit]):
        gate.commit(whole)


def looked(gate: Gate, permit: Permit, look: Callable[[], T]) -> T:
    """What *look* finds, once it is written down that somebody looked."""
    with gate.watched([permit]):
        found = look()
    gate.settle([permit])
    return found

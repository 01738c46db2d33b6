"""Approvals as a session sees them: each verb is decided, done and written down in one commit."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from palyra_kernel.approvals import Plan
from palyra_kernel.approvals.service import OWN
from palyra_kernel.records import Change
from palyra_kernel.session.gate import Gate
from palyra_kernel.values.decisions import VAULT, Resource

T = TypeVar("T")


class Performing:
    """What :class:`palyra_kernel.approvals.service.Perform` asks for."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def __call__(self, action: str, approval: str, plan: Callable[[], Plan[T]]) -> T:
        """Do *action* to *approval*, if the principal may."""
        permit = self._gate.enter(action, VAULT if approval == OWN else Resource("approval", approval))
        results: list[T] = []

        def whole() -> Change:
            planned = plan()
            results.append(planned.result)
            planned.change.merge(self._gate.beside([permit]))
            return planned.change

        with self._gate.watched([permit]):
            if permit.durable:
                self._gate.commit(whole)
                return results[-1]
            result = plan().result
        self._gate.settle([permit])
        return result

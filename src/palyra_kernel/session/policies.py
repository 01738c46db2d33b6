"""The policies themselves, as far as the principal of a session may see and change them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from palyra_kernel.policy.bundle import Bundle
from palyra_kernel.policy.store import PolicyStore
from palyra_kernel.records import Change
from palyra_kernel.session.gate import Gate
from palyra_kernel.session.verbs import changed, looked
from palyra_kernel.values.decisions import VAULT

T = TypeVar("T")


class SessionPolicies:
    """Which bundle decides. Each method raises :class:`DeniedError` and :class:`ApprovalRequiredError`."""

    def __init__(self, gate: Gate, store: PolicyStore) -> None:
        self._gate = gate
        self._store = store

    def active(self) -> Bundle:
        """The bundle that decides now."""
        return self._shown(self._store.active)

    def previous(self) -> Bundle | None:
        """The one before it; None if there was no change yet."""
        return self._shown(self._store.previous)

    def _shown(self, look: Callable[[], T]) -> T:
        return looked(self._gate, self._gate.enter("policy.show", VAULT), look)

    def apply(self, bundle: Bundle) -> None:
        """Put *bundle* in force; the one before it is kept."""
        self._change({"digest": bundle.digest}, lambda: self._store.plan_apply(bundle))

    def rollback(self) -> None:
        """Swap the active and the previous bundle. Raises :class:`NotFoundError` ``policy_previous_missing``."""
        self._change({"rollback": True}, self._store.plan_rollback)

    def _change(self, arguments: object, plan: Callable[[], Change]) -> None:
        changed(self._gate, self._gate.enter("policy.apply", VAULT, arguments=arguments), plan)

"""From a request to a ruling: what is known of who asks, what the policies say, and what a human granted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from palyra_kernel.access.directory import ACCESS, Directory
from palyra_kernel.approvals.approval import Grant
from palyra_kernel.approvals.binding import Binding
from palyra_kernel.approvals.planning import Planner
from palyra_kernel.audit.event import Event, Outcome, event_of
from palyra_kernel.policy.bundle import SessionLayer
from palyra_kernel.policy.codes import UNKNOWN_PRINCIPAL
from palyra_kernel.policy.engine import PolicyEngine
from palyra_kernel.policy.store import POLICIES
from palyra_kernel.records import Records
from palyra_kernel.records.guard import SetState
from palyra_kernel.values.decisions import ActionRequest, Allow, Decision, Deny, RequireApproval
from palyra_kernel.values.principals import Principal, Subject

FindEngine = Callable[[str, SetState | None], PolicyEngine]
"""From an action, and the set-hash of the policies, to the engine that decides on it."""
Labels = Callable[[], Sequence[str]]
"""Looks the labels of a resource up; asked only where a rule looks at labels."""

BASIS = (ACCESS, POLICIES)
"""What every decision stands on: who is known, and which policies are in force."""


class Ruling(NamedTuple):
    """What was decided on *request* by the policies with the digest *policy*, and the grant that it stands on.
    *basis*: the states of ``BASIS`` when it was asked."""

    request: ActionRequest
    decision: Decision
    policy: str
    basis: tuple[SetState | None, SetState | None]
    grant: Grant | None = None

    def event(self, outcome: Outcome, code: str = "", version: int = 0, approval: str = "") -> Event:
        """The event that says what came of it."""
        return event_of(
            self.request,
            outcome=outcome,
            code=code or self.decision.code,
            rules=self.decision.rules,
            policy=self.policy,
            approval=approval or (self.grant.id if self.grant is not None else ""),
            version=version,
        )


class Judge:
    """Rules on requests. It reads and changes nothing."""

    def __init__(
        self,
        records: Records,
        directory: Directory,
        engine: FindEngine,
        approvals: Planner,
    ) -> None:
        self._records = records
        self._directory = directory
        self._engine = engine
        self._approvals = approvals

    def subject(self, principal: Principal) -> Subject | None:
        """What is known of *principal*."""
        return self._directory.subject(principal)

    def rule(
        self, request: ActionRequest, layer: SessionLayer | None = None, labels: Labels | None = None
    ) -> Ruling:
        """Decide. Where the policies ask for a human and there is a grant for exactly this, they are asked again with
        it: a grant overrules nothing."""
        basis = access, policies = self._basis()  # first: what changes meanwhile is noticed
        engine, known = self._engine(request.action, policies), self._directory.snapshot_at(access)
        if labels is not None and (engine.reads_labels or _reads_labels(layer)):
            request = replace(request, labels=tuple(sorted(labels())))
        subject = known.subject(request.principal)
        if subject is None:
            return Ruling(request, Deny(code=UNKNOWN_PRINCIPAL), engine.digest, basis)
        voucher = None if request.vouched_by is None else known.subject(request.vouched_by)
        decision = engine.decide(request, subject, voucher, layer=layer)
        if not isinstance(decision, RequireApproval):
            return Ruling(request, decision, engine.digest, basis)
        grant = self._usable(request, engine.digest)
        if grant is None:
            return Ruling(request, decision, engine.digest, basis)
        again = engine.decide(request, subject, voucher, approved=True, layer=layer)
        return Ruling(request, again, engine.digest, basis, grant if isinstance(again, Allow) else None)

    def stands(self, ruling: Ruling) -> bool:
        """Whether nothing changed on which *ruling* was made."""
        if ruling.basis != self._basis():
            return False
        return ruling.grant is None or ruling.grant == self._usable(ruling.request, ruling.policy)

    def _basis(self) -> tuple[SetState | None, SetState | None]:
        access, policies = self._records.set_states(*BASIS)
        return access, policies

    def _usable(self, request: ActionRequest, policy: str) -> Grant | None:
        return self._approvals.usable(Binding.of(request), policy, request.session)


def _reads_labels(layer: SessionLayer | None) -> bool:
    return layer is not None and any("labels" in rule.text for rule in layer.rules)

"""From a request to a ruling: what is known of who asks, what the policies say, and what a human granted."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from palyra_kernel.access.directory import Directory
from palyra_kernel.approvals.approval import Grant
from palyra_kernel.approvals.binding import Binding
from palyra_kernel.approvals.planning import Planner
from palyra_kernel.audit.event import Event, Outcome, event_of
from palyra_kernel.policy.bundle import SessionLayer
from palyra_kernel.policy.codes import UNKNOWN_PRINCIPAL
from palyra_kernel.policy.engine import PolicyEngine
from palyra_kernel.values.decisions import ActionRequest, Allow, Decision, Deny, RequireApproval
from palyra_kernel.values.principals import Principal, Subject


class Ruling(NamedTuple):
    """What was decided on *request* by the policies with the digest *policy*, and the grant that it stands on."""

    request: ActionRequest
    decision: Decision
    policy: str
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
        self, directory: Directory, engine: Callable[[str], PolicyEngine], approvals: Planner
    ) -> None:
        self._directory = directory
        self._engine = engine
        self._approvals = approvals

    def subject(self, principal: Principal) -> Subject | None:
        """What is known of *principal*."""
        return self._directory.subject(principal)

    def reads_labels(self, layer: SessionLayer | None) -> bool:
        """Whether a rule looks at labels, so that somebody must look them up."""
        return self._engine("secret.read").reads_labels or any(
            "labels" in rule.text for rule in (layer.rules if layer else ())
        )

    def rule(self, request: ActionRequest, layer: SessionLayer | None = None) -> Ruling:
        """Decide. Where the policies ask for a human and there is a grant for exactly this, they are asked again with
        it: a grant overrules nothing."""
        engine = self._engine(request.action)
        subject = self._directory.subject(request.principal)
        if subject is None:
            return Ruling(request, Deny(code=UNKNOWN_PRINCIPAL), engine.digest)
        voucher = None if request.vouched_by is None else self._directory.subject(request.vouched_by)
        decision = engine.decide(request, subject, voucher, layer=layer)
        if not isinstance(decision, RequireApproval):
            return Ruling(request, decision, engine.digest)
        grant = self._approvals.usable(Binding.of(request), engine.digest, request.session)
        if grant is None:
            return Ruling(request, decision, engine.digest)
        again = engine.decide(request, subject, voucher, approved=True, layer=layer)
        return Ruling(request, again, engine.digest, grant if isinstance(again, Allow) else None)

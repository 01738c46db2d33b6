"""The room of approvals over throwaway records, with a clock that tests move."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from palyra_kernel.approvals import Approval, Approvals, Binding, Grant, Terms, Verdict, act
from palyra_kernel.approvals.approver import Cost
from palyra_kernel.approvals.arguments import digest
from palyra_kernel.approvals.proof import Proven, Statement
from palyra_kernel.values.decisions import ActionRequest, Obligation, RequireApproval, Resource
from palyra_kernel.values.principals import Principal, Subject
from palyra_kernel.values.sensitive import SensitiveBytes
from tests.support import Parts

QUICK = Cost(memory_kib=32, iterations=1, lanes=1)
POLICY = "policy-1"
LIFE = "life-1"
ARGUMENTS = {"argv": ["deploy", "--to", "production"]}

AGENT = Principal.parse("agent:planner")
ALICE = Subject(principal=Principal.parse("user:alice"), roles=("Owner",))
BOB = Subject(principal=Principal.parse("user:bob"), roles=("Owner",))
CAROL = Subject(principal=Principal.parse("user:carol"), roles=("Operator",))

ALLOW = Verdict(allow=True)
DENY = Verdict(allow=False)


class Clock:
    """Milliseconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1_800_000_000_000

    def __call__(self) -> int:
        return self.now

    def go(self, seconds: float) -> None:
        self.now += round(seconds * 1000)


class Sure:
    """A proof that holds: of the statement, and of nothing else."""

    method = "test"

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def verify(self, statement: Statement) -> Proven:
        return Proven(statement=statement.digest, method=self.method, device="phone", at_ms=self._clock())


def asking(
    arguments: object = ARGUMENTS, *, principal: Principal = AGENT, session: str = "s1", **more: Any
) -> ActionRequest:
    """A request of a tool call."""
    given: dict[str, Any] = {
        "principal": principal,
        "action": "tool.execute",
        "resource": Resource.parse("tool:shell"),
        "at_ms": 0,
        "session": session,
        "tool": "shell",
        "arguments": digest(arguments) if arguments is not None else "",
    }
    return ActionRequest(**(given | more))


class Room:
    """Approvals with what a session brings: policies, an obligation, the arguments."""

    def __init__(self, base: Any, clock: Clock | None = None, **options: Any) -> None:
        self.parts = Parts(base) if isinstance(base, Path) else base
        self.records = self.parts.records
        self.clock = clock or Clock()
        options.setdefault("terms", Terms())
        self.approvals = Approvals(
            self.records, **{"incarnation": LIFE, "clock": self.clock, "cost": QUICK, **options}
        )
        self.plans = self.approvals.plans
        self.sure = Sure(self.clock)

    def ask(
        self,
        arguments: object = ARGUMENTS,
        *,
        policy: str = POLICY,
        key: str | None = None,
        obligation: dict[str, Any] | None = None,
        **request: Any,
    ) -> Approval:
        """Ask, and commit that."""
        needed = RequireApproval(
            obligation=Obligation(code="policy.explicit_approval_required", **(obligation or {})),
            rules=("r1",),
        )
        return act(
            self.records,
            lambda: self.plans.request(
                asking(arguments, **request), needed, policy_digest=policy, arguments=arguments, key=key
            ),
        )

    def decide(
        self,
        id: str,
        verdict: Verdict = ALLOW,
        *,
        by: Subject = ALICE,
        session: str = "desk",
        proof: Any = ...,
    ) -> Approval:
        return self.approvals.decide(
            id, verdict, by=by, session=session, proof=self.sure if proof is ... else proof
        )

    def allowed(self, arguments: object = ARGUMENTS, verdict: Verdict = ALLOW, **more: Any) -> Approval:
        """Ask and be allowed."""
        return self.decide(self.ask(arguments, **more).id, verdict)

    def usable(
        self, arguments: object = ARGUMENTS, *, policy: str = POLICY, session: str = "s1", **request: Any
    ) -> Grant | None:
        return self.plans.usable(Binding.of(asking(arguments, session=session, **request)), policy, session)

    def use(self, **question: Any) -> Grant | None:
        """Use a grant, as the commit of an act does."""
        grant = self.usable(**question)
        if grant is not None:
            self.records.commit(self.plans.consume(grant))
        return grant

    def state(self, id: str) -> str:
        return self.approvals.show(id).state


def secret(text: str) -> SensitiveBytes:
    return SensitiveBytes(text.encode())

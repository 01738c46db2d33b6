"""Approvals as people and programs meet them: the verbs, behind one seam for whoever decides and writes down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from palyra_kernel.approvals import waiting
from palyra_kernel.approvals.approval import Approval
from palyra_kernel.approvals.deciding import check_decider, check_verdict, statement
from palyra_kernel.approvals.passphrase import Cost, Passphrases
from palyra_kernel.approvals.planning import Plan, Planner, Terms, act
from palyra_kernel.approvals.proof import Proof, Verdict
from palyra_kernel.errors import DeniedError
from palyra_kernel.records import Change, Records
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.ids import now_ms
from palyra_kernel.values.principals import Principal, Subject
from palyra_kernel.values.sensitive import SensitiveBytes

_T = TypeVar("_T")

OWN = "own"
"""The approval that is meant where all are."""


class Perform(Protocol):
    """The seam: may this be done? then plan, write it down, commit once; plan again where somebody was first."""

    def __call__(self, action: str, approval: str, plan: Callable[[], Plan[_T]]) -> _T:
        """Do *action* to the approval of this id. The plan is free of side effects and may be made several times."""


class Approvals:
    """The approvals of one vault.

    *incarnation*: the id of the present life of the vault. *perform*: see :class:`Perform`; without it nothing is asked
    and nothing is written down. :attr:`plans` and :attr:`passphrases` are the mechanism below.
    """

    def __init__(
        self,
        records: Records,
        *,
        incarnation: str,
        perform: Perform | None = None,
        terms: Terms | None = None,
        clock: Callable[[], int] = now_ms,
        cost: Cost | None = None,
    ) -> None:
        self._records = records
        self.plans = Planner(records, incarnation=incarnation, terms=terms, clock=clock)
        self.passphrases = Passphrases(records, clock=clock, cost=cost)
        self._perform: Perform = perform or self._bare

    def list(self, *, past: bool = False) -> list[Approval]:
        """What waits for an answer or counts, oldest first; with *past* also what is over."""
        return self._perform("approval.list", OWN, lambda: _seen(self.plans.all(past=past)))

    def show(self, id: str) -> Approval:
        """One approval. Raises :class:`NotFoundError` ``approval.missing``."""
        return self._perform("approval.show", id, lambda: _seen(self.plans.find(id)))

    def decide(
        self, id: str, verdict: Verdict, *, by: Subject, session: str, proof: Proof | None
    ) -> Approval:
        """Answer a request. Everything else is checked before the proof, which a refusal must not use up.

        Raises what :meth:`Planner.decide <palyra_kernel.approvals.planning.Planner.decide>` and the proof raise.
        """
        asked = self.plans.find(id)
        proven = None
        if proof is not None and asked.state == "pending":
            check_verdict(asked, verdict)
            check_decider(asked, by, session)
            proven = proof.verify(statement(asked, by.principal, verdict))
        return self._perform(
            "approval.decide",
            id,
            lambda: self.plans.decide(id, verdict, by=by, session=session, proven=proven),
        )

    def cancel(self, id: str, *, by: Subject) -> Approval:
        """Take a request or a grant back."""
        return self._perform("approval.cancel", id, lambda: self.plans.cancel(id, by=by))

    def set_passphrase(
        self,
        new: SensitiveBytes,
        *,
        by: Subject,
        old: SensitiveBytes | None = None,
        principal: Principal | None = None,
    ) -> None:
        """Give *principal*, or who asks, an approval passphrase; an Owner gives the first one, the old one gives each
        other.

        Raises :class:`DeniedError` ``approval.not_an_owner``, ``approval.old_passphrase`` and those of
        :meth:`Passphrases.check <palyra_kernel.approvals.passphrase.Passphrases.check>`.
        """
        whose = principal or by.principal
        replaces = None
        if self.passphrases.has(whose):
            if old is None:
                raise DeniedError(
                    "approval.old_passphrase",
                    f"{whose} has an approval passphrase: changing it needs the old one",
                )
            replaces = self.passphrases.check(whose, old)
        elif "Owner" not in by.roles:
            raise DeniedError("approval.not_an_owner", "only an Owner gives the first approval passphrase")
        self._perform("approval.passphrase", OWN, self.passphrases.prepare(whose, new, replaces))

    def wait(self, id: str, deadline: Deadline) -> Approval:
        """Return the approval as soon as it is not pending any more, or at the deadline as it is then."""
        return waiting.wait(self._records, self.plans.find, id, deadline)

    async def wait_async(self, id: str, deadline: Deadline) -> Approval:
        """The same in asyncio."""
        return await waiting.wait_async(self._records, self.plans.find, id, deadline)

    def _bare(self, action: str, approval: str, plan: Callable[[], Plan[_T]]) -> _T:
        del action, approval
        return act(self._records, plan)


def _seen(result: _T) -> Plan[_T]:
    return Plan(Change(), result)

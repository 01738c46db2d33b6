"""Approvals as people and programs meet them: the verbs, behind one seam for whoever decides and writes down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from palyra_kernel.approvals import waiting
from palyra_kernel.approvals.approval import Approval
from palyra_kernel.approvals.approver import Cost
from palyra_kernel.approvals.deciding import check_decider, check_verdict, statement
from palyra_kernel.approvals.ledger import LIVE
from palyra_kernel.approvals.passphrase import Passphrases
from palyra_kernel.approvals.planning import Planner, Terms
from palyra_kernel.approvals.proof import Proof, Proven, Verdict
from palyra_kernel.approvals.turn import Follow, Plan, act, followed_by_nothing
from palyra_kernel.errors import DeniedError, PalyraError
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
        """Do *action* to the approval of this id. The plan changes nothing by itself and may be made several times; the
        first time it may check a proof, which takes a moment."""


class Approvals:
    """The approvals of one vault.

    *incarnation*: the id of the present life of the vault. *perform*: see :class:`Perform`; without it nothing is asked
    and nothing is written down. *follow*: see :data:`Follow <palyra_kernel.approvals.turn.Follow>`. :attr:`plans` and
    :attr:`passphrases` are the mechanism below.
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
        follow: Follow = followed_by_nothing,
    ) -> None:
        self._records = records
        self.plans = Planner(records, incarnation=incarnation, terms=terms, clock=clock, follow=follow)
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
        proven: list[Proven] = []

        def plan() -> Plan[Approval]:
            if proof is not None and not proven:
                asked = self._answerable(id, verdict, by, session)
                proven.append(proof.verify(statement(asked, by.principal, verdict)))
            return self.plans.decide(
                id, verdict, by=by, session=session, proven=proven[0] if proven else None
            )

        return self._perform("approval.decide", id, plan)

    def ready(self, id: str, verdict: Verdict, *, by: Subject, session: str) -> bool:
        """Whether only a proof is missing, so that it is worth asking for one."""
        try:
            self._answerable(id, verdict, by, session)
        except PalyraError:
            return False
        return True

    def _answerable(self, id: str, verdict: Verdict, by: Subject, session: str) -> Approval:
        asked = self.plans.waiting(id)
        check_verdict(asked, verdict)
        check_decider(asked, by, session)
        return asked

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
        prepared: list[Callable[[], Plan[None]]] = []

        def plan() -> Plan[None]:
            if not prepared:
                replaces = self._replaced(whose, by, old)
                prepared.append(self.passphrases.prepare(whose, new, replaces))
            return prepared[0]()

        self._perform("approval.passphrase", OWN, plan)

    def _replaced(self, whose: Principal, by: Subject, old: SensitiveBytes | None) -> bytes | None:
        """The salt of the passphrase that a new one replaces; None for the first."""
        if self.passphrases.has(whose):
            if old is None:
                raise DeniedError(
                    "approval.old_passphrase",
                    f"{whose} has an approval passphrase: changing it needs the old one",
                )
            return self.passphrases.check(whose, old)
        if "Owner" not in by.roles:
            raise DeniedError("approval.not_an_owner", "only an Owner gives the first approval passphrase")
        return None

    def wait(self, id: str, deadline: Deadline) -> Approval:
        """Return the approval as soon as it is not pending any more, or at the deadline as it is then."""
        return waiting.wait(self._records, self.plans.find, id, deadline)

    async def wait_async(self, id: str, deadline: Deadline) -> Approval:
        """The same in asyncio."""
        return await waiting.wait_async(self._records, self.plans.find, id, deadline)

    def changed(self, deadline: Deadline) -> bool:
        """Wait until something may have changed since the last call, or the deadline: then False."""
        return self._records.store.watch(LIVE.prefix, deadline)

    def _bare(self, action: str, approval: str, plan: Callable[[], Plan[_T]]) -> _T:
        del action, approval
        return act(self._records, plan)


def _seen(result: _T) -> Plan[_T]:
    return Plan(Change(), result)

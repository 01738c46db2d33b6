"""Approvals as a session sees them: each verb is decided, done and written down in one commit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from palyra_kernel.approvals import Approval, Approvals, Plan, Proof, Verdict
from palyra_kernel.approvals.service import OWN, Perform
from palyra_kernel.errors import DeniedError
from palyra_kernel.records import Change
from palyra_kernel.session.gate import Gate
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.decisions import VAULT, Resource
from palyra_kernel.values.principals import Principal, Subject
from palyra_kernel.values.sensitive import SensitiveBytes

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


class SessionApprovals:
    """What waits for a human, and what a human granted. Whoever asks, decides and takes back here is the principal of
    the session; each method raises :class:`DeniedError` where the policies say no."""

    def __init__(self, gate: Gate, make: Callable[[Perform], Approvals]) -> None:
        self._gate = gate
        self._approvals = make(Performing(gate))

    def list(self, *, past: bool = False) -> Sequence[Approval]:
        """What waits for an answer or counts, oldest first; with *past* also what is over."""
        return self._approvals.list(past=past)

    def show(self, id: str) -> Approval:
        """One approval. Raises :class:`NotFoundError` ``approval.missing``."""
        return self._approvals.show(id)

    def ready(self, id: str, verdict: Verdict) -> bool:
        """Whether only a proof is missing for this answer, so that it is worth asking for one."""
        who = self._gate.who
        return self._approvals.ready(id, verdict, by=self._gate.subject, session=who.session)

    def decide(
        self,
        id: str,
        verdict: Verdict,
        *,
        passphrase: SensitiveBytes | None = None,
        proof: Proof | None = None,
    ) -> Approval:
        """Answer a request, with the approval passphrase of the principal or another *proof*. See
        :meth:`Approvals.decide <palyra_kernel.approvals.service.Approvals.decide>` for what is refused."""
        by = self._by("approval.decide", Resource("approval", id))
        if passphrase is not None:
            proof = self._approvals.passphrases.proof(by.principal, passphrase)
        return self._approvals.decide(id, verdict, by=by, session=self._gate.who.session, proof=proof)

    def cancel(self, id: str) -> Approval:
        """Take a request or a grant back."""
        return self._approvals.cancel(id, by=self._by("approval.cancel", Resource("approval", id)))

    def _by(self, action: str, resource: Resource) -> Subject:
        """Who acts. That nobody knows them is written down like any other refusal."""
        try:
            return self._gate.subject
        except DeniedError:
            self._gate.enter(action, resource)
            raise

    def has_passphrase(self, principal: Principal | None = None) -> bool:
        """Whether *principal*, or that of the session, has an approval passphrase."""
        return self._approvals.passphrases.has(principal or self._gate.who.principal)

    def set_passphrase(
        self, new: SensitiveBytes, *, old: SensitiveBytes | None = None, principal: Principal | None = None
    ) -> None:
        """Give *principal*, or that of the session, an approval passphrase. See :meth:`Approvals.set_passphrase
        <palyra_kernel.approvals.service.Approvals.set_passphrase>` for what is refused."""
        by = self._by("approval.passphrase", VAULT)
        self._approvals.set_passphrase(new, by=by, old=old, principal=principal)

    def wait(self, id: str, deadline: Deadline) -> Approval:
        """Return the approval as soon as it is not pending any more, or at the deadline as it is then."""
        return self._approvals.wait(id, deadline)

    async def wait_async(self, id: str, deadline: Deadline) -> Approval:
        """The same in asyncio."""
        return await self._approvals.wait_async(id, deadline)

    def watch(self, deadline: Deadline, *, every_seconds: float) -> Iterator[Sequence[Approval]]:
        """What :meth:`list` gives, now and whenever it may have changed, at least *every_seconds*, until the deadline.
        It is one act, however long: each look of its own would be an event, and news."""
        found: Sequence[Approval] = self._approvals.list()
        while True:
            yield found
            if deadline.expired:
                return
            self._approvals.changed(Deadline.after(min(every_seconds, deadline.remaining())))
            found = self._approvals.plans.all()

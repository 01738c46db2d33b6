"""The identity of an open Kernel: its rules say what policies, humans and the audit log have to do with it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from typing import TYPE_CHECKING

from palyra_kernel.approvals import Approval
from palyra_kernel.approvals.arguments import digest
from palyra_kernel.errors import ConflictError, NotFoundError
from palyra_kernel.identity.admission import People
from palyra_kernel.identity.events import Log
from palyra_kernel.identity.keys import identity_print
from palyra_kernel.identity.leaf import Leaf
from palyra_kernel.identity.pairing.pairings import Asked
from palyra_kernel.identity.pairing.runs import MAX_REASON, Runs
from palyra_kernel.identity.pairing.states import APPROVAL_MS, TERMINAL, Decided, Pairing
from palyra_kernel.identity.service import Identity
from palyra_kernel.kernel.identity_events import IdentityEvents
from palyra_kernel.records import Change, Records
from palyra_kernel.session import Session
from palyra_kernel.values.decisions import Resource
from palyra_kernel.vault import Vault

if TYPE_CHECKING:
    from palyra_kernel.kernel.kernel import Kernel

_KEY = "pairing/"


def make_identity(kernel: Kernel, records: Records, vault: Vault) -> Identity:
    """Build it; nothing is read or made before it is used. *vault* keeps one version of each secret."""
    domain = kernel.config.identity.trust_domain or f"palyra-{kernel.vault_id[:8].lower()}.internal"

    def session(principal: str) -> Session:
        return kernel.session(principal, purpose="pairing", surface="gateway")

    def withdraw(approvals: Collection[str]) -> Change:
        return kernel._shared_by_sessions().grants.withdraw(approvals)

    asking, events = Asking(session), IdentityEvents(lambda: kernel.audit.group)
    people = People(asking.ask, asking.approved, withdraw)
    return Identity(records, vault, domain=domain, people=people, log=Log(events.tell, events.refused))


class Asking:
    """A pairing is an act of whoever asked for its code, and one that a human decides."""

    def __init__(self, session: Callable[[str], Session]) -> None:
        self._session = session

    def ask(self, pairing: Pairing) -> Asked:
        """What somebody has to answer before there is a certificate. Raises :class:`DeniedError` where whoever asked
        for the code may not pair devices."""
        planned = self._session(pairing.issued_by).gate.plan_request(
            action_of(pairing),
            _resource(pairing),
            arguments=shown(pairing),
            labels=_labels(pairing),
            key=_KEY + pairing.id,
            most_seconds=APPROVAL_MS // 1000,
        )
        return Asked(planned.result.id, planned.change)

    def approved(self, pairing: Pairing) -> Change:
        """What belongs into the commit of its certificate: the event, and that the approval is used up. Raises
        :class:`DeniedError` ``not_granted``."""
        serial = Leaf.of(pairing.certificates[0]).serial
        return self._session(pairing.issued_by).gate.plan_granted(
            action_of(pairing),
            _resource(pairing),
            arguments=shown(pairing),
            labels=_labels(pairing),
            details={"run": pairing.id, "source": pairing.source, "serial": serial},
        )


def followed(runs: Runs, approval: Approval, now_ms: int) -> Change:
    """The pairing of *approval*, which has another state from now on, moves with it.

    Raises :class:`ConflictError` ``other_transcript``, ``pairing_over``, :class:`NotFoundError` ``pairing_missing`` for
    an approval that was given: then it was not.
    """
    if approval.state == "allowed":
        return _decided(runs, approval, now_ms)
    with suppress(ConflictError, NotFoundError):  # the pairing was over before, and stays as it was
        if approval.state == "denied":
            return _decided(runs, approval, now_ms)
        row = runs.row(_run_of(approval))
        if row.pairing.approval == approval.id and row.pairing.now(now_ms) not in TERMINAL:
            return runs.plan_cancel(row.pairing.id, f"its approval is {approval.state}", now_ms)
    return Change()


def _decided(runs: Runs, approval: Approval, now_ms: int) -> Change:
    pairing = runs.row(_run_of(approval)).pairing
    vote = approval.votes[-1]
    same = pairing.approval == approval.id and digest(shown(pairing)) == approval.binding.arguments
    decided = Decided(vote.decider, pairing.transcript if same else b"", _line(vote.reason))
    return runs.plan_decide(pairing.id, decided, approve=approval.state == "allowed", at_ms=now_ms)


def _line(reason: str) -> str:
    """An approval takes longer reasons than a pairing."""
    return "".join(each if each.isprintable() else " " for each in reason).strip()[:MAX_REASON].strip()


def _run_of(approval: Approval) -> str:
    return (approval.key or "").removeprefix(_KEY)


def shown(pairing: Pairing) -> dict[str, str]:
    """What whoever decides sees, and what their answer is bound to."""
    facts = {
        "run": pairing.id,
        "device": pairing.device,
        "kind": pairing.kind,
        "name": pairing.name,
        "method": pairing.method,
        "fingerprint": identity_print(pairing.identity),
        "words": pairing.words,
        "digits": pairing.digits,
        "transcript": pairing.transcript.hex(),
        "source": pairing.source,
    }
    return {**facts, "replaces": pairing.replaces} if pairing.replaces else facts


def action_of(pairing: Pairing) -> str:
    """Other keys for a known device are an act of their own."""
    return "device.replace_key" if pairing.replaces else "device.pair"


def _resource(pairing: Pairing) -> Resource:
    return Resource("device", pairing.device)


def _labels(pairing: Pairing) -> tuple[str, ...]:
    return f"kind={pairing.kind}", f"method={pairing.method}"

"""The identity of an open Kernel: its rules say what policies, humans and the audit log have to do with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from palyra_kernel.config import IdentityConfig
from palyra_kernel.errors import DeniedError
from palyra_kernel.identity.admission import People
from palyra_kernel.identity.events import SILENT
from palyra_kernel.identity.pairing.pairings import Asked
from palyra_kernel.identity.pairing.states import Pairing
from palyra_kernel.identity.service import Identity
from palyra_kernel.records import Change, Records
from palyra_kernel.session import Session
from palyra_kernel.session.gate import Permit
from palyra_kernel.values.decisions import Resource
from palyra_kernel.vault import Vault


def make_identity(
    records: Records,
    vault: Vault,
    config: IdentityConfig,
    vault_id: str,
    session: Callable[[str], Session],
) -> Identity:
    """Build it; nothing is read or made before it is used. *vault* keeps one version of each secret. *session*: begins
    one of a principal."""
    domain = config.trust_domain or f"palyra-{vault_id[:8].lower()}.internal"
    asking = Asking(session)
    return Identity(records, vault, domain=domain, people=People(asking.ask, asking.approved), tell=SILENT)


class Asking:
    """A pairing is an act of whoever asked for its code, and one that a human decides."""

    def __init__(self, session: Callable[[str], Session]) -> None:
        self._session = session

    def ask(self, pairing: Pairing) -> Asked:
        """What somebody has to answer before there is a certificate. Raises :class:`DeniedError` where whoever asked
        for the code may not pair devices."""
        gate = self._session(pairing.issued_by).gate
        planned = gate.plan_request(_action(pairing), _resource(pairing), arguments=shown(pairing))
        return Asked(planned.result.id, planned.change)

    def approved(self, pairing: Pairing) -> Change:
        """What belongs into the commit of the certificate: its event, and that the approval is used up."""
        gate = self._session(pairing.issued_by).gate
        permit: Permit | None = gate.glance(_action(pairing), _resource(pairing), arguments=shown(pairing))
        if permit is None:
            raise DeniedError("pairing_not_approved", "nobody approves of this pairing any more")
        return gate.beside([permit])


def shown(pairing: Pairing) -> Mapping[str, str]:
    """What whoever decides sees, and what their answer is bound to."""
    from palyra_kernel.identity.keys import identity_print

    facts = {
        "device": pairing.device,
        "kind": pairing.kind,
        "name": pairing.name,
        "fingerprint": identity_print(pairing.identity),
        "words": pairing.words,
        "digits": pairing.digits,
        "transcript": pairing.transcript.hex(),
        "source": pairing.source,
    }
    return {**facts, "replaces": pairing.replaces} if pairing.replaces else facts


def _action(pairing: Pairing) -> str:
    return "device.replace_key" if pairing.replaces else "device.pair"


def _resource(pairing: Pairing) -> Resource:
    return Resource("device", pairing.device)

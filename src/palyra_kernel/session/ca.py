"""The certificate authority, as far as the principal of a session may look at it and roll it over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from palyra_kernel.identity.ca.bundle import TrustBundle
from palyra_kernel.identity.ca.documents import Authorities, Server
from palyra_kernel.identity.ca.issued import Issued
from palyra_kernel.identity.ca.rolling import Beside
from palyra_kernel.identity.service import Identity
from palyra_kernel.records import Change
from palyra_kernel.session.gate import Gate
from palyra_kernel.session.verbs import looked
from palyra_kernel.values.decisions import VAULT


class CaStatus(NamedTuple):
    """The CAs as they are now, the servers, and the numbers of the certificates that the log has."""

    authorities: Authorities
    servers: Sequence[Server]
    issued: range


class SessionCa:
    """Each method raises :class:`DeniedError`, :class:`ApprovalRequiredError`, what :class:`Authority
    <palyra_kernel.identity.ca.authority.Authority>` raises, and :class:`NotFoundError` ``ca_missing`` where no gateway
    ever started; each is one event, in one commit with what it changed."""

    def __init__(self, gate: Gate, identity: Identity) -> None:
        self._gate = gate
        self._authority = identity.authority
        self._servers = identity.servers

    def status(self) -> CaStatus:
        """The CAs as they are now, with what is due when, and what they certify."""
        return looked(self._gate, self._gate.enter("ca.status", VAULT), self._look)

    def _look(self) -> CaStatus:
        authority = self._authority
        return CaStatus(authority.state(), self._servers.all(), authority.log.numbers())

    def bundle(self) -> TrustBundle:
        """What devices trust, signed."""
        permit = self._gate.enter("ca.status", VAULT, details={"act": "bundle"})
        return looked(self._gate, permit, self._authority.bundle)

    def issued(self, limit: int) -> Sequence[Issued]:
        """The newest *limit* lines of the log of issued certificates, newest first."""
        permit = self._gate.enter("ca.status", VAULT, details={"act": "issued"})
        return looked(self._gate, permit, lambda: self._authority.log.newest(limit))

    def rotate(self) -> Authorities:
        """See :meth:`Authority.rotate`."""
        return self._rolled("issuing", lambda beside: self._authority.rotate(beside=beside))

    def rotate_root(self) -> Authorities:
        """See :meth:`Authority.rotate_root`."""
        return self._rolled("root", lambda beside: self._authority.rotate_root(beside=beside))

    def rotate_emergency(self) -> Authorities:
        """See :meth:`Authority.rotate_emergency`."""
        return self._rolled("emergency", lambda beside: self._authority.rotate_emergency(beside=beside))

    def _rolled(self, what: str, act: Callable[[Beside], Authorities]) -> Authorities:
        permit = self._gate.enter("ca.rotate", VAULT, arguments={"act": what}, details={"act": what})
        planned: list[Authorities] = []

        def beside(state: Authorities) -> Change:
            planned.append(state)
            details = {**permit.details, "bundle": str(state.bundle)}
            return self._gate.beside([permit._replace(details=details)])

        with self._gate.watched([permit]):
            state = act(beside)
        if planned[-1:] != [state]:  # there was nothing to do, and nothing to write it down with
            self._gate.settle([permit])
        return state

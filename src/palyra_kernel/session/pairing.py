"""Codes and pairings, as far as the principal of a session may make, see and decide them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from palyra_kernel.approvals import Proof, Verdict
from palyra_kernel.errors import ConflictError, PalyraError
from palyra_kernel.identity.names import device_id
from palyra_kernel.identity.pairing.keeping import Code, Minted
from palyra_kernel.identity.pairing.states import TERMINAL, Pairing
from palyra_kernel.identity.service import Identity
from palyra_kernel.records import Change
from palyra_kernel.session.approvals import SessionApprovals
from palyra_kernel.session.gate import Gate, Permit
from palyra_kernel.session.verbs import changed, looked
from palyra_kernel.values.decisions import VAULT, Resource
from palyra_kernel.values.sensitive import SensitiveBytes


class SessionPairing:
    """Each method raises :class:`DeniedError`, :class:`ApprovalRequiredError`, and what it names; each is one event, in
    one commit with what it changed."""

    def __init__(self, gate: Gate, identity: Identity, approvals: SessionApprovals) -> None:
        self._gate = gate
        self._identity = identity
        self._pairings = identity.pairings
        self._approvals = approvals

    def mint_pin(self, ttl_ms: int | None = None, name: str = "") -> Minted:
        """A new PIN code; *name*: what the device will be called. Its text is told once. See :meth:`Codes.mint_pin`."""
        permit = self._minting("pin", ttl_ms, name)
        with self._gate.watched([permit]):
            return self._pairings.codes.mint_pin(
                issued_by=str(self._gate.who.principal),
                at_ms=self._identity.clock.now_ms(),
                ttl_ms=ttl_ms,
                name=name,
                beside=self._told(permit),
            )

    def mint_qr(self, gateway: str, ttl_ms: int | None = None, name: str = "") -> Minted:
        """A new code for a camera; *gateway*: where the device finds this one, ``https://host[:port]``. See
        :meth:`Codes.mint_qr`. Raises :class:`NotFoundError` ``ca_missing`` where no gateway ever started."""
        permit = self._minting("qr", ttl_ms, name)
        with self._gate.watched([permit]):
            return self._pairings.codes.mint_qr(
                gateway=gateway,
                ca_hash=self._identity.ca_hash(),
                issued_by=str(self._gate.who.principal),
                at_ms=self._identity.clock.now_ms(),
                ttl_ms=ttl_ms,
                name=name,
                beside=self._told(permit),
            )

    def _minting(self, method: str, ttl_ms: int | None, name: str) -> Permit:
        arguments = {"act": "mint", "method": method, "ttl_ms": ttl_ms, "name": name}
        return self._gate.enter("pairing.code", VAULT, arguments=arguments)

    def _told(self, permit: Permit) -> Callable[[Code], Change]:
        def beside(code: Code) -> Change:
            details = {"act": "mint", "code": code.id, "method": code.method}
            return self._gate.beside([permit._replace(details=details)])

        return beside

    def codes(self) -> Sequence[Code]:
        """All codes, without their secrets, oldest first."""
        permit = self._gate.enter("pairing.list", VAULT, details={"act": "codes"})
        return looked(self._gate, permit, self._pairings.codes.list)

    def drop_code(self, id: str) -> None:
        """Destroy the code *id*; a run that was begun with it does not succeed. Raises :class:`NotFoundError`
        ``code_missing``."""
        facts = {"act": "drop", "code": id}
        permit = self._gate.enter("pairing.code", VAULT, arguments=facts, details=facts)
        with self._gate.watched([permit]):
            self._pairings.codes.drop(id, lambda: self._gate.beside([permit]))

    def list(self, *, past: bool = False) -> Sequence[Pairing]:
        """Pairings that are under way, oldest first; with *past* also those that are over."""

        def look() -> Sequence[Pairing]:
            now = self._identity.clock.now_ms()
            return [each for each in self._pairings.runs.list() if past or each.now(now) not in TERMINAL]

        return looked(self._gate, self._gate.enter("pairing.list", VAULT), look)

    def show(self, id: str) -> Pairing:
        """The pairing *id*. Raises :class:`NotFoundError` ``pairing_missing``."""
        permit = self._gate.enter("pairing.list", VAULT, details={"act": "show", "run": id})
        return looked(self._gate, permit, lambda: self._pairings.runs.row(id).pairing)

    def approve(
        self, id: str, *, proof: Proof | None = None, passphrase: SensitiveBytes | None = None
    ) -> Pairing:
        """Say that the words on both screens are the same, and let the device in. It is the decision on the approval of
        the pairing: see :meth:`SessionApprovals.decide` for what is refused. Raises :class:`ConflictError`
        ``pairing_over``, ``pairing_not_ready``, :class:`NotFoundError` ``pairing_missing``."""
        return self._decided(id, Verdict(allow=True), proof, passphrase)

    def reject(
        self,
        id: str,
        *,
        reason: str = "",
        proof: Proof | None = None,
        passphrase: SensitiveBytes | None = None,
    ) -> Pairing:
        """The opposite, which needs a proof too; :meth:`cancel` needs none. Raises as :meth:`approve`."""
        return self._decided(id, Verdict(allow=False, reason=reason), proof, passphrase)

    def _decided(
        self, id: str, verdict: Verdict, proof: Proof | None, passphrase: SensitiveBytes | None
    ) -> Pairing:
        self._approvals.decide(self._approval_of(id), verdict, proof=proof, passphrase=passphrase)
        return self._pairings.runs.row(id).pairing

    def _approval_of(self, id: str) -> str:
        """What is decided instead of the pairing *id*. That there is nothing is an answer to a decision, too."""
        try:
            pairing = self._pairings.runs.row(id).pairing
            if not pairing.approval:
                raise ConflictError("pairing_not_ready", f"the pairing {id} is {pairing.state}")
        except PalyraError:
            permit = self._gate.enter("approval.decide", Resource("approval", id))
            with self._gate.watched([permit]):
                raise
        return pairing.approval

    def cancel(self, id: str, reason: str = "") -> Pairing:
        """Take a pairing back, and its approval, if it is not over. Raises :class:`NotFoundError` ``pairing_missing``,
        :class:`ConflictError` ``pairing_over``, :class:`InvalidInputError` ``invalid_reason``."""
        facts = {"act": "cancel", "run": id, "reason": reason}
        permit = self._gate.enter("device.manage", self._device_of(id), arguments=facts, details=facts)
        now = self._identity.clock.now_ms
        changed(self._gate, permit, lambda: self._pairings.plan_cancel(id, reason, now()))
        return self._pairings.runs.row(id).pairing

    def _device_of(self, id: str) -> Resource:
        try:
            return Resource("device", device_id(self._pairings.runs.row(id).pairing.device))
        except PalyraError:
            permit = self._gate.enter("pairing.list", VAULT, details={"act": "cancel", "run": id})
            with self._gate.watched([permit]):
                raise

    def reopen(self) -> None:
        """Let PINs be tried again, after the gateway closed them because of too many wrong ones."""
        changed(self._gate, self._gate.enter("pairing.open", VAULT), self._pairings.codes.plan_reopen)

"""Devices, as far as the principal of a session may see and manage them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from palyra_kernel.identity.crl import sign_crl
from palyra_kernel.identity.device import Device, State
from palyra_kernel.identity.names import DeviceKind, device_id
from palyra_kernel.identity.revocations import Entry
from palyra_kernel.identity.service import Identity
from palyra_kernel.records import Change
from palyra_kernel.session.gate import Gate
from palyra_kernel.session.verbs import changed, looked
from palyra_kernel.values.decisions import VAULT, Resource

T = TypeVar("T")


class SessionDevices:
    """Each method raises :class:`DeniedError`, :class:`ApprovalRequiredError`, and those of :class:`Devices
    <palyra_kernel.identity.devices.Devices>` that it names; each is one event, in one commit with what it changed."""

    def __init__(self, gate: Gate, identity: Identity) -> None:
        self._gate = gate
        self._identity = identity
        self._devices = identity.devices

    def list(self, kind: DeviceKind | None = None, state: State | None = None) -> Sequence[Device]:
        """All devices, or those of this kind and in this state, by name."""

        def look() -> Sequence[Device]:
            found = [
                each
                for each in self._devices.all()
                if kind in (None, each.kind) and state in (None, each.state)
            ]
            return sorted(found, key=lambda device: (device.name, device.id))

        return looked(self._gate, self._gate.enter("device.list", VAULT), look)

    def show(self, id: str) -> Device:
        """The device *id*, in whatever state. Raises :class:`NotFoundError` ``device_missing``."""
        permit = self._gate.enter("device.show", _resource(id))
        return looked(self._gate, permit, lambda: self._devices.find(id))

    def rotate(self, id: str) -> Device:
        """Have the device *id* ask for a new certificate at its next contact. See :meth:`Devices.plan_ask_renewal`."""
        return self._manage(id, "rotate", lambda change: self._devices.plan_ask_renewal(change, id))

    def revoke(self, id: str, reason: str) -> Device | None:
        """Ban the device *id* and its key; its certificates are dead, and what pairings it has under way are over. See
        :meth:`Devices.plan_revoke`."""
        return self._end("device.revoke", id, "revoke", reason)

    def remove(self, id: str, reason: str) -> Device | None:
        """Forget the device *id*, but not a ban on it. See :meth:`Devices.plan_remove`."""
        return self._end("device.manage", id, "remove", reason)

    def _end(self, action: str, id: str, act: str, reason: str) -> Device | None:
        def plan(change: Change) -> Device | None:
            now = self._identity.clock.now_ms()
            plan_end = self._devices.plan_revoke if act == "revoke" else self._devices.plan_remove
            ended = plan_end(change, id, reason, now_ms=now)
            change.merge(self._identity.pairings.plan_cancel_device(id, f"the device was {act}d", now))
            return ended

        return self._act(action, id, {"act": act, "reason": reason}, plan)

    def unban(self, id: str) -> Sequence[Entry]:
        """Let the device *id* and its keys be paired again; returns the bans that were lifted. See
        :meth:`Devices.plan_unban`."""
        return self._manage(id, "unban", lambda change: self._devices.plan_unban(change, id))

    def crls(self) -> Mapping[str, bytes]:
        """A list of revoked certificates for each issuing CA that is trusted now, signed by it: DER, by the id of the
        CA. Raises :class:`NotFoundError` ``ca_missing``."""

        def look() -> Mapping[str, bytes]:
            now, revocations = self._identity.clock.now_ms(), self._identity.revocations
            number, entries = revocations.number(), [*revocations.entries()]
            return {
                ca: sign_crl(signer.certificate, signer.key, entries, number=number, now_ms=now).der
                for ca, signer in self._identity.authority.signers().items()
            }

        return looked(self._gate, self._gate.enter("device.list", VAULT, details={"act": "crls"}), look)

    def _manage(self, id: str, act: str, plan: Callable[[Change], T]) -> T:
        return self._act("device.manage", id, {"act": act}, plan)

    def _act(self, action: str, id: str, facts: dict[str, str], plan: Callable[[Change], T]) -> T:
        permit = self._gate.enter(action, _resource(id), arguments=facts, details=facts)
        results: list[T] = []

        def whole() -> Change:
            change = Change()
            results.append(plan(change))
            return change

        changed(self._gate, permit, whole)
        return results[-1]


def _resource(id: str) -> Resource:
    """Raises :class:`InvalidInputError` ``invalid_device_id``."""
    return Resource("device", device_id(id))

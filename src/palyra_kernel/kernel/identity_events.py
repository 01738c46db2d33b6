"""What happens to certificates and devices, in the audit log. Nobody's session asks for it: a device does, or time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from threading import Lock

from palyra_kernel.access.system import system_principal
from palyra_kernel.audit import Event, Group, encode
from palyra_kernel.errors import PalyraError, UnavailableError
from palyra_kernel.records import Change
from palyra_kernel.session.limits import Limit, Limits
from palyra_kernel.values.decisions import VAULT
from palyra_kernel.values.ids import now_ms
from palyra_kernel.values.principals import Principal

REFUSALS = Limit(burst=30, per_minute=6)
"""Of each kind, how many refusals of peers are written down; the next one says how many were not."""
_PEERS = Principal("service", "peers")
_BY_DEVICES = ("device.renewed", "device.reentered", "device.certificate_used", "pairing.acknowledged")
"""What a device did itself, which proved who it is."""


class IdentityEvents:
    """What :class:`Log <palyra_kernel.identity.events.Log>` asks for."""

    def __init__(self, group: Callable[[], Group]) -> None:
        self._group = group
        self._limits = Limits({}, REFUSALS)
        self._lock = Lock()
        self._unwritten: dict[str, int] = {}

    def tell(
        self, action: str, *, device: str = "", code: str = "", details: Mapping[str, str] | None = None
    ) -> Change:
        """The change that writes it down."""
        change = Change()
        change.record(encode(_event(action, device, code, details or {})))
        return change

    def refused(self, action: str, device: str, code: str) -> None:
        """A peer that says it is *device*, or nobody in particular, is refused *action*; it stays refused if that
        cannot be written down."""
        with self._lock, suppress(PalyraError):
            try:
                self._limits.take(_PEERS, action)
            except UnavailableError:
                self._unwritten[action] = self._unwritten.get(action, 0) + 1
                return
            unwritten = self._unwritten.pop(action, 0)
            details = {"unwritten": str(unwritten)} if unwritten else {}
            self._group().add(_event(action, device, code, details))


def _event(action: str, device: str, code: str, details: Mapping[str, str]) -> Event:
    by_itself = device and action in _BY_DEVICES
    return Event(
        time_ms=now_ms(),
        principal=f"device:{device}" if by_itself else str(system_principal()),
        action=action,
        resource=f"device:{device}" if device else str(VAULT),
        outcome="failed" if code else "allowed",
        code=code or action.rpartition(".")[2],
        surface="kernel",
        details=dict(details),
    )

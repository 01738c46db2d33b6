"""The nodes of an open Kernel: what is written down of them, and what they get signed."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from palyra_kernel.access.system import system_principal
from palyra_kernel.audit import Event, encode
from palyra_kernel.audit.event import Outcome
from palyra_kernel.identity.clock import Clock
from palyra_kernel.identity.service import Identity
from palyra_kernel.kernel.incarnation import load_incarnation
from palyra_kernel.nodes.lease import Lease
from palyra_kernel.nodes.registry import Node
from palyra_kernel.nodes.service import Nodes
from palyra_kernel.nodes.states import NODE_EVENTS
from palyra_kernel.nodes.states import Event as Step
from palyra_kernel.records import Change, Records
from palyra_kernel.values.ids import now_ms

REGISTERED = "node.registered"
REFUSED = "node.refused"
_TOLD: dict[Step, tuple[str, Outcome]] = {
    "hand_over": ("node.lease.handed_over", "allowed"),
    "ask_local": ("node.lease.awaiting_local", "allowed"),
    "consent": ("node.lease.consented", "allowed"),
    "succeed": ("node.lease.succeeded", "allowed"),
    "fail": ("node.lease.failed", "failed"),
    "expire": ("node.lease.expired", "failed"),
    "cancel": ("node.lease.cancelled", "failed"),
}
"""What happens to a lease without a session. That a node has it, and began, is in the lease."""
_MOST_SIGNED = 4_096


def make_nodes(records: Records, clock: Clock) -> Nodes:
    """Build it; nothing is read of nodes before it is asked."""
    incarnation = load_incarnation(records)
    return Nodes(
        records,
        incarnation="" if incarnation is None else incarnation.id,
        clock=clock,
        beside=_stepped,
        registered=_registered,
    )


def _stepped(step: Step, lease: Lease) -> Change | None:
    if step not in _TOLD:
        return None
    action, outcome = _TOLD[step]
    details = {"lease": lease.id, "capability": lease.capability, "invoker": lease.invoker}
    if lease.ended:
        details["ended"] = lease.ended
    by_node = step in NODE_EVENTS or step == "hand_over"
    return _told(action, lease.device, outcome, lease.state, details, by_node=by_node)


def _registered(node: Node) -> Change:
    offered = " ".join(f"{'' if each.available else '-'}{each.name}" for each in node.capabilities)
    details = {"platform": node.platform, "capabilities": offered}
    return _told(REGISTERED, node.device, "allowed", "registered", details, by_node=True)


def refused(device: str, code: str, details: dict[str, str]) -> Event:
    """The event of what *device* may not do."""
    return _event(REFUSED, device, "denied", code, details, by_node=True)


def _told(
    action: str, device: str, outcome: Outcome, code: str, details: dict[str, str], *, by_node: bool
) -> Change:
    change = Change()
    change.record(encode(_event(action, device, outcome, code, details, by_node=by_node)))
    return change


def _event(
    action: str, device: str, outcome: Outcome, code: str, details: dict[str, str], *, by_node: bool
) -> Event:
    return Event(
        time_ms=now_ms(),
        principal=f"device:{device}" if by_node else str(system_principal()),
        action=action,
        resource=f"device:{device}",
        outcome=outcome,
        code=code,
        surface="work" if by_node else "kernel",
        details=details,
    )


class SignedGrants:
    """The grants of each device as they go there. Signed once for each change of them: the node minds the time."""

    def __init__(self, nodes: Nodes, identity: Identity) -> None:
        self._nodes = nodes
        self._identity = identity
        self._lock = Lock()
        self._signed: OrderedDict[str, tuple[int, bytes]] = OrderedDict()

    def of(self, device: str) -> bytes:
        """All that *device* may be asked for, signed. Raises what :meth:`Authority.identity` raises."""
        number = self._nodes.grants.number(device)
        with self._lock:
            known = self._signed.get(device)
        if known is not None and known[0] == number:
            return known[1]
        state, key = self._identity.authority.identity()
        made = self._nodes.grants.signed(device, state.domain, key.sign, self._nodes.clock.now_ms())
        encoded = made.encoded()
        with self._lock:
            self._signed[device] = (made.number, encoded)
            self._signed.move_to_end(device)
            if len(self._signed) > _MOST_SIGNED:
                self._signed.popitem(last=False)
        return encoded

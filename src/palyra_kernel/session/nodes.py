"""Nodes as a session sees them: each verb is decided, done and written down in one commit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from palyra_kernel.identity.granted import Grant
from palyra_kernel.identity.service import Identity
from palyra_kernel.identity.texts import reason as checked_reason
from palyra_kernel.nodes.active import active
from palyra_kernel.nodes.events.event import MOST_AT_ONCE
from palyra_kernel.nodes.events.events import Followed
from palyra_kernel.nodes.kinds import Verb
from palyra_kernel.nodes.lease import Lease
from palyra_kernel.nodes.order import Order, order
from palyra_kernel.nodes.presence import Presence
from palyra_kernel.nodes.registry import Node
from palyra_kernel.nodes.service import Nodes
from palyra_kernel.nodes.states import TERMINAL
from palyra_kernel.records import Change, Records
from palyra_kernel.session.gate import Gate, Permit
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.decisions import VAULT, Resource
from palyra_kernel.values.principals import Principal
from palyra_kernel.values.ulid import new_ulid

USUAL_MS = 30_000
T = TypeVar("T")


class NodeStatus(NamedTuple):
    """A node as it is now: what it said of itself, whether it is there, since when it was not heard (milliseconds since
    1970; 0: never), what it may be asked for, and how many leases wait for it and are in its hands."""

    node: Node
    presence: Presence
    last_seen_ms: int
    grants: tuple[Grant, ...]
    queued: int
    held: int


Statuses = list[NodeStatus]
Leases = list[Lease]


class Result(NamedTuple):
    """A lease, and what the device gave back: None as long as it did not, or once that is forgotten."""

    lease: Lease
    output: bytes | None

    def __repr__(self) -> str:
        return f"<result of {self.lease.id}: {self.lease.state}>"


class SessionNodes:
    """Each method raises :class:`DeniedError` and :class:`ApprovalRequiredError` where the policies say so."""

    def __init__(self, gate: Gate, nodes: Nodes, records: Records, identity: Callable[[], Identity]) -> None:
        self._gate = gate
        self._nodes = nodes
        self._records = records
        self._identity = identity

    def list(self) -> list[NodeStatus]:
        """Every device that registered, by its id."""
        permit = self._gate.enter("node.list", VAULT)
        with self._gate.watched([permit]):
            found = self._all()
        self._gate.settle([permit])
        return found

    def _all(self) -> Statuses:
        self._check_device(Change(), "look")
        found = (self._status(node) for node in self._nodes.registry.all())
        return sorted(found, key=lambda each: each.node.device)

    def export(self) -> dict[str, Any]:
        """Codes, pairings, nodes and leases in one document: what ``node-runtime.v1.json`` is."""
        from palyra_kernel.session.node_export import exported

        permits = [self._gate.enter("node.list", VAULT), self._gate.enter("pairing.list", VAULT)]
        with self._gate.watched(permits):
            document = exported(self._nodes, self._identity(), self._all())
        self._gate.settle(permits)
        return document

    def show(self, device: str) -> NodeStatus:
        """One node. Raises :class:`NotFoundError` ``node_missing``."""
        return self._looked("node.show", device, lambda: self._status(self._nodes.registry.find(device)))

    def leases(self, device: str) -> Leases:
        """The leases of *device* that wait or run, those that wait first; of others as far as policy lets them be seen.
        Raises the same."""
        own = str(self._gate.who.principal)
        every = self._gate.glance("node.show", _device(device), labels=("lease=other",)) is not None

        def find() -> Leases:
            line = self._nodes.dispatch.line(device)
            rows = map(self._nodes.ledger.live, (*line.queued, *line.held))
            found = [self._nodes.asking.find(row.lease.id) for row in rows if row is not None]
            return [lease for lease in found if every or lease.invoker == own]

        return self._looked("node.show", device, find, labels=("lease=other" if every else "lease=own",))

    def events(self, device: str, token: str = "", limit: int = MOST_AT_ONCE) -> Followed:
        """What *device* said, behind the place that *token* names. See :meth:`Events.follow`."""
        holder = str(self._gate.who.principal)
        return self._looked(
            "node.show", device, lambda: self._nodes.events.follow(holder, device, token, limit)
        )

    def grant(
        self, device: str, capability: str, *, who: str | Principal | None = None, ttl_ms: int
    ) -> Grant:
        """Let *who*, or anybody whom policy permits it, ask *device* for *capability* for so long. See
        :meth:`Grants.plan_grant` for what is refused."""
        invoker = None if who is None else Principal.parse(who)
        arguments = {
            "device": device,
            "capability": capability,
            "who": None if invoker is None else str(invoker),
            "ttl_ms": ttl_ms,
        }
        permit = self._gate.enter(
            "node.grant", _device(device), arguments=arguments, labels=(f"capability={capability}",)
        )
        now = self._nodes.clock.now_ms()

        def plan(change: Change) -> Grant:
            return self._nodes.grants.plan_grant(
                change,
                device,
                capability,
                by=self._gate.who.principal,
                expires_ms=now + ttl_ms,
                now_ms=now,
                invoker=invoker,
            )

        granted = self._done(permit, plan, lambda made: {"grant": made.id, "capability": capability})
        self._nodes.granted(device)
        return granted

    def revoke_grant(self, device: str, id: str) -> tuple[Grant, Leases]:
        """Take the grant *id* of *device* back; every lease that stands on it is over, and the node is told. Raises
        :class:`NotFoundError` ``grant_missing``."""
        permit = self._gate.enter("node.revoke", _device(device), arguments={"device": device, "grant": id})
        revoked = self._done(
            permit,
            lambda change: self._nodes.plan_revoke_grant(change, device, id),
            lambda made: {"grant": id, "capability": made[0].capability},
        )
        self._nodes.granted(device)
        self._nodes.told(*revoked[1])
        return revoked

    def invoke(
        self,
        device: str,
        capability: str,
        input: bytes = b"null",
        *,
        timeout_ms: int = USUAL_MS,
        key: str | None = None,
    ) -> Lease:
        """Ask *device* for *capability*: a lease waits for it until *timeout_ms* is over. Who asks again under the same
        *key* gets the same lease, and nothing is done twice.

        Raises what :func:`order` and :meth:`Asking.plan_enqueue` raise.
        """
        wanted = order(
            device,
            capability,
            invoker=self._gate.who.principal,
            key=new_ulid(self._nodes.clock.now_ms()) if key is None else key,
            body=input,
            within_ms=timeout_ms,
            limits=self._nodes.limits,
        )
        known = None if key is None else self._asked_before(wanted)
        if known is not None:
            return known
        permit = self._gate.enter(
            "node.invoke",
            _device(device),
            arguments=_shown(wanted),
            capabilities=(capability,),
            labels=(f"capability={capability}",),
        )

        def plan(change: Change) -> Lease:
            self._check_device(change, "invoke")
            return self._nodes.asking.plan_enqueue(change, wanted)

        lease = self._done(
            permit, plan, lambda made: {"lease": made.id, "capability": capability, "key": made.key}
        )
        self._nodes.told(lease)
        return lease

    def _asked_before(self, wanted: Order) -> Lease | None:
        """Asking again for the same is looking at it: what a human approved once is not asked for twice."""
        named = self._nodes.ledger.named(wanted.invoker, wanted.key)[1]
        known = None if named is None else self._nodes.ledger.find(named)
        if known is None or known.order != wanted.digest:
            return None  # something else under this key is refused with the reason where it is planned
        return self._looked_at_lease(known.id, lambda: self._nodes.asking.find(known.id))

    def lease(self, id: str) -> Result:
        """The lease *id* as it is now. Raises :class:`NotFoundError` ``lease_missing``."""
        return self._looked_at_lease(id, lambda: self._result(self._nodes.asking.find(id)))

    def wait(self, id: str, deadline: Deadline) -> Result:
        """The lease *id* as soon as it is over, or at the deadline as it is then. The same."""
        return self._looked_at_lease(id, lambda: self._result(self._nodes.wait(id, deadline)))

    def cancel(self, id: str, why: str = "") -> Lease:
        """End the lease *id*, whether or not its device has it; the device is told, and its answer comes too late.

        Raises :class:`InvalidInputError` ``invalid_reason``, :class:`NotFoundError` ``lease_missing``,
        :class:`ConflictError` ``lease_over``.
        """
        checked_reason(why)
        lease = self._nodes.asking.find(id)
        permit = self._gate.enter(
            "node.cancel",
            _device(lease.device),
            arguments={"lease": id},
            labels=self._labels(lease),
            details={"lease": id, "capability": lease.capability},
        )
        said = f"cancelled by {self._gate.who.principal}" + (f": {why}" if why else "")

        def plan(change: Change) -> Lease:
            self._check_device(change, "cancel")
            return self._nodes.asking.plan_cancel(change, id, said)

        ended = self._done(permit, plan)
        self._nodes.told(ended)
        return ended

    def _status(self, node: Node) -> NodeStatus:
        line = self._nodes.dispatch.line(node.device)
        now = self._nodes.clock.now_ms()
        return NodeStatus(
            node=node,
            presence=self._nodes.heartbeats.presence(node),
            last_seen_ms=self._nodes.heartbeats.last_seen_ms(node.device),
            grants=tuple(each for each in self._nodes.grants.of(node.device) if now < each.expires_ms),
            queued=len(line.queued),
            held=len(line.held),
        )

    def _result(self, lease: Lease) -> Result:
        return Result(lease, self._nodes.asking.output(lease) if lease.state in TERMINAL else None)

    def _labels(self, lease: Lease) -> tuple[str, ...]:
        own = lease.invoker == str(self._gate.who.principal)
        return (f"capability={lease.capability}", f"lease={'own' if own else 'other'}")

    def _looked_at_lease(self, id: str, look: Callable[[], T]) -> T:
        lease = self._nodes.asking.find(id)
        return self._looked(
            "node.show", lease.device, look, labels=self._labels(lease), details={"lease": id}
        )

    def _looked(
        self,
        action: str,
        device: str,
        look: Callable[[], T],
        *,
        labels: tuple[str, ...] = (),
        details: dict[str, str] | None = None,
    ) -> T:
        permit = self._gate.enter(action, _device(device), labels=labels, details=details or {})
        with self._gate.watched([permit]):
            self._check_device(Change(), "look")
            found = look()
        self._gate.settle([permit])
        return found

    def _done(
        self,
        permit: Permit,
        plan: Callable[[Change], T],
        details: Callable[[T], dict[str, str]] | None = None,
    ) -> T:
        """Do what is permitted: what *plan* adds to a change, and its event, in one commit."""
        results: list[T] = []

        def whole() -> Change:
            change = Change()
            results.append(plan(change))
            told = permit if details is None else permit._replace(details=details(results[-1]))
            change.merge(self._gate.beside([told]))
            return change

        with self._gate.watched([permit]):
            self._gate.commit(whole)
        return results[-1]

    def _check_device(self, change: Change, verb: Verb) -> None:
        """A device does what its kind may, and only as long as it is one."""
        principal = self._gate.who.principal
        if principal.kind == "device":
            active(self._records, change, principal.id, verb)


def _device(id: str) -> Resource:
    return Resource("device", id)


def _shown(wanted: Order) -> dict[str, object]:
    """What whoever approves sees, and what their answer is bound to."""
    return {
        "device": wanted.device,
        "capability": wanted.capability,
        "input": wanted.shown,
        "input_digest": wanted.input.hex(),
        "timeout_ms": wanted.within_ms,
    }

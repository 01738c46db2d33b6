"""Asking for work and taking that back: planned here, and committed by whoever asked policy, with their event."""

from __future__ import annotations

from palyra_kernel.errors import ConflictError, NotFoundError, UnavailableError
from palyra_kernel.nodes.active import active
from palyra_kernel.nodes.lease import Lease, over
from palyra_kernel.nodes.ledger import LEASES, OUTPUTS, idempotency_key
from palyra_kernel.nodes.order import Order
from palyra_kernel.nodes.registry import Node
from palyra_kernel.nodes.shared import Shared
from palyra_kernel.nodes.summaries import summary
from palyra_kernel.nodes.turn import Turn
from palyra_kernel.records import Change
from palyra_kernel.values.ulid import new_ulid

_EDGE = 64
"""So near to the limit of all leases, whoever asks for one more queues with all others."""


class Asking:
    """Reads leases; plans new ones and their cancellation, commits none."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._ledger = shared.ledger
        self._limits = shared.limits
        self._clock = shared.clock

    def plan_enqueue(self, change: Change, order: Order) -> Lease:
        """Add to *change*: a lease for *order* waits for its device; nothing, where it was asked for before.

        Raises :class:`DeniedError` ``device_unknown``, ``wrong_device_kind``, ``capability_not_granted``;
        :class:`NotFoundError` ``node_missing``, ``capability_missing``; :class:`ConflictError` ``key_reused`` for
        another order under the same key; :class:`UnavailableError` ``capability_unavailable``, ``line_full``,
        ``leases_full``.
        """
        known = self._asked_before(change, order)
        if known is not None:
            return self._shared.seen(known)
        now = self._clock.now_ms()
        active(self._shared.records, change, order.device, "take")
        _require(self._shared.registry.standing(change, order.device), order.capability)
        grant = self._shared.grants.check(change, order.device, order.capability, order.invoker, now)
        turn = Turn(self._shared, change, order.device, now)
        self._make_room(turn)
        deadline = min(now + order.within_ms, grant.expires_ms)
        lease = Lease(
            id=new_ulid(now),
            device=order.device,
            capability=order.capability,
            invoker=order.invoker,
            key=order.key,
            order=order.digest,
            input=order.input,
            grant=grant.id,
            incarnation=self._shared.incarnation,
            created_ms=now,
            deadline_ms=deadline,
            until_ms=deadline,
            changed_ms=now,
            asked=order.shown,
        )
        turn.enter(lease, order.body)
        turn.write()
        change.put(idempotency_key(order.invoker, order.key), lease.id.encode())
        return lease

    def _asked_before(self, change: Change, order: Order) -> Lease | None:
        version, named = self._ledger.named(order.invoker, order.key)
        change.check(idempotency_key(order.invoker, order.key), version)
        known = None if named is None else self._ledger.find(named)
        if known is not None and known.order != order.digest:
            message = "something else was asked for under this key"
            raise ConflictError("key_reused", message, hint="give it a key of its own")
        return known

    def _make_room(self, turn: Turn) -> None:
        if len(turn.line) >= self._limits.per_device:
            turn.end_overdue()
        if len(turn.line) >= self._limits.per_device:
            message = f"{len(turn.line)} leases of this device wait or run"
            raise UnavailableError("line_full", message, hint="try again when some are over")
        count = self._ledger.count() + turn.grown
        if count >= self._limits.all:
            message = f"{count} leases wait or run"
            raise UnavailableError("leases_full", message, hint="try again when some are over")
        if count >= self._limits.all - _EDGE:
            turn.change.stand_on(LEASES, self._shared.records.set_state(LEASES))

    def plan_cancel(self, change: Change, id: str, why: str) -> Lease:
        """Add to *change*: the lease *id* is cancelled, whether or not its device has it; an answer comes too late.
        *why* is kept as a summary.

        Raises :class:`NotFoundError` ``lease_missing``, :class:`ConflictError` ``lease_over``.
        """
        row = self._ledger.live(id)
        if row is None:
            raise over(id, self.find(id).state)
        turn = Turn(self._shared, change, row.lease.device, self._clock.now_ms(), decided=True)
        ended = turn.end(row, "cancel", ended=summary(why))
        turn.write()
        return ended

    def plan_cancel_all(self, change: Change, device: str, why: str, *, grant: str = "") -> list[Lease]:
        """Add to *change*: every lease of *device* is over, or all that stand on *grant*. Returns them."""
        turn = Turn(self._shared, change, device, self._clock.now_ms())
        ended = [turn.close(row, why) for row in list(turn.rows()) if grant in ("", row.lease.grant)]
        turn.write()
        return ended

    def find(self, id: str) -> Lease:
        """The lease *id* as it is now. Raises :class:`NotFoundError` ``lease_missing``."""
        lease = self._ledger.find(id)
        if lease is None:
            raise NotFoundError("lease_missing", f"there is no lease {id}", hint="palyra nodes show")
        return self._shared.seen(lease)

    def output(self, lease: Lease) -> bytes | None:
        """What the device gave back for *lease*; None if it did not, or if that is forgotten."""
        return self._shared.records.read(OUTPUTS.key(lease.output)).document if lease.output else None


def _require(node: Node, capability: str) -> None:
    offered = node.offers(capability)
    if offered is None:
        message = f"the node {node.device} has no capability {capability}"
        raise NotFoundError("capability_missing", message, hint="palyra nodes show")
    if not offered:
        message = f"the capability {capability} of {node.device} cannot be had now"
        raise UnavailableError("capability_unavailable", message, hint="try again later")

"""The nodes of a gateway: who they are, whether they are there, what they may be asked for, and their work."""

from __future__ import annotations

from collections.abc import Callable

from palyra_kernel.identity.clock import Clock
from palyra_kernel.identity.granted import Grant
from palyra_kernel.nodes.acting import act
from palyra_kernel.nodes.asking import Asking
from palyra_kernel.nodes.capability import Capability
from palyra_kernel.nodes.dispatch import Dispatch
from palyra_kernel.nodes.events.events import Events
from palyra_kernel.nodes.grants import GRANTS
from palyra_kernel.nodes.heartbeats import Heartbeats
from palyra_kernel.nodes.lease import Lease
from palyra_kernel.nodes.ledger import LEASES, LINES
from palyra_kernel.nodes.limits import Limits
from palyra_kernel.nodes.registry import Node
from palyra_kernel.nodes.shared import Beside, Shared
from palyra_kernel.nodes.states import TERMINAL
from palyra_kernel.nodes.tending import Tending
from palyra_kernel.nodes.waiters import Waiters
from palyra_kernel.records import Change, Records
from palyra_kernel.values.deadline import Deadline


class Nodes:
    """Everything that the gateway knows of nodes, over one store. Any number of threads may share it.

    *incarnation*: the id of the present life of the vault. *beside*: what belongs into the commit of each step of a
    lease, such as its event; *registered*: the same for a registration that says something new. Policy is asked by the
    caller: what it decides is a ``plan_…`` here, which adds to the caller's change; behind its commit comes
    :meth:`told`.
    """

    def __init__(
        self,
        records: Records,
        *,
        incarnation: str,
        clock: Clock | None = None,
        limits: Limits | None = None,
        beside: Beside | None = None,
        registered: Callable[[Node], Change] | None = None,
    ) -> None:
        shared = Shared(
            records,
            incarnation=incarnation,
            clock=clock or Clock(),
            limits=limits or Limits(),
            beside=beside,
        )
        self._records = records
        self.clock = shared.clock
        self.limits = shared.limits
        self.ledger = shared.ledger
        self.registry = shared.registry
        self.grants = shared.grants
        self.heartbeats = Heartbeats(records, shared.registry, shared.clock)
        self.waiters = Waiters(records, followed=(LINES, GRANTS))
        self.asking = Asking(shared)
        self.dispatch = Dispatch(shared, self.waiters)
        self.events = Events(records, shared.clock)
        """What nodes say of themselves."""
        self._tending = Tending(shared, self.dispatch)
        self._registered = registered

    def tend(self) -> int:
        """Write what was heard lately, end what is overdue, forget what is old: every few seconds, by each gateway.
        Returns how many leases time has ended."""
        self.heartbeats.flush()
        return self._tending.tend()

    def register(self, device: str, *, platform: str, offered: list[Capability]) -> Node:
        """*device* says what it is; committed. It counts as heard. Raises as :meth:`Registry.plan_register`."""
        now = self.clock.now_ms()

        def plan(change: Change) -> Node:
            node = self.registry.plan_register(change, device, platform=platform, offered=offered, now_ms=now)
            if change.puts and self._registered is not None:
                change.merge(self._registered(node))
            return node

        node = act(self._records, plan)
        self.heartbeats.beat(device)
        self.waiters.wake(LINES.key(device))  # work may have waited for a capability
        return node

    def plan_revoke_grant(self, change: Change, device: str, id: str) -> tuple[Grant, list[Lease]]:
        """Add to *change*: the grant *id* of *device* is no more, and every lease that stands on it is over. Raises
        :class:`NotFoundError` ``grant_missing``."""
        grant = self.grants.plan_revoke(change, device, id)
        return grant, self.asking.plan_cancel_all(change, device, "its grant was revoked", grant=id)

    def plan_end(self, change: Change, device: str, why: str) -> list[Lease]:
        """Add to *change*, which revokes or removes *device*: with it end its registration, its presence, its grants,
        its events and all its leases. Returns these, for :meth:`told`."""
        self.registry.plan_drop(change, device)
        self.heartbeats.plan_drop(change, device)
        self.grants.plan_end(change, device)
        self.events.plan_end(change, device)
        return self.asking.plan_cancel_all(change, device, why)

    def told(self, *leases: Lease) -> None:
        """What was planned here was committed: whoever waits for these leases, or for work, is woken at once, and not
        with the next look at the store."""
        self.waiters.wake(
            *(key for lease in leases for key in (LEASES.key(lease.id), LINES.key(lease.device)))
        )

    def granted(self, device: str) -> None:
        """The grants of *device* changed: its stream is woken at once."""
        self.waiters.wake(GRANTS.key(device), LINES.key(device))

    def wait(self, id: str, deadline: Deadline) -> Lease:
        """The lease *id* as soon as it is over, or at the deadline as it is then. Raises as :meth:`Asking.find`."""

        def over() -> Lease | None:
            lease = self.asking.find(id)
            return lease if lease.state in TERMINAL else None

        while True:
            lease = self.asking.find(id)
            if lease.state in TERMINAL or deadline.expired:
                return lease
            left = max(lease.until_ms - self.clock.now_ms(), 0) / 1000
            self.waiters.wait(LEASES.key(id), over, Deadline.after(min(left + 0.001, deadline.remaining())))

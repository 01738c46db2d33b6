"""What everything that is about leases has in common."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from palyra_kernel.identity.clock import Clock
from palyra_kernel.nodes.grants import Grants
from palyra_kernel.nodes.lease import Lease, step
from palyra_kernel.nodes.ledger import Ledger
from palyra_kernel.nodes.limits import Limits
from palyra_kernel.nodes.registry import Registry
from palyra_kernel.nodes.states import Event
from palyra_kernel.records import Change, Records

_DEAD_KEPT = 20_000

Beside = Callable[[Event, Lease], Change | None]
"""What belongs into the commit in which this happens to a lease: its event in the audit log, for one. Asking for work
and cancelling a lease were decided by somebody, who writes that down; all else comes by here."""


class Shared:
    """The store and what is in it, the life of the vault, the clock of the gateway, its limits, and what belongs beside
    each step.

    ``dead``: the last records that were deleted. Nobody asks for them again; whoever tidies up forgets them.
    """

    def __init__(
        self, records: Records, *, incarnation: str, clock: Clock, limits: Limits, beside: Beside | None
    ) -> None:
        self.records = records
        self.incarnation = incarnation
        self.clock = clock
        self.limits = limits
        self.beside = beside
        self.ledger = Ledger(records)
        self.registry = Registry(records)
        self.grants = Grants(records)
        self.dead: deque[bytes] = deque(maxlen=_DEAD_KEPT)

    def seen(self, lease: Lease) -> Lease:
        """*lease* as it is now: over, where time has ended it, whether or not anybody wrote that down."""
        now = self.clock.now_ms()
        if lease.at(now, self.incarnation) == lease.state:
            return lease
        return step(lease, "expire", now, self.incarnation)

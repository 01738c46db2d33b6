"""Tidying up: what time has ended is over, what is over is forgotten in time, and nothing grows for ever."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from palyra_kernel.nodes.acting import act
from palyra_kernel.nodes.dispatch import Dispatch
from palyra_kernel.nodes.lease import Lease
from palyra_kernel.nodes.ledger import INPUTS, LEASES, OUTPUTS, PAST, idempotency_key
from palyra_kernel.nodes.shared import Shared
from palyra_kernel.records import Change
from palyra_kernel.values.ulid import is_ulid, ulid_ms

_AT_ONCE = 100
_LOOKED_AT = 2_000
"""Leases at a time, some 40 ms; the others the next time. Nothing depends on when it is noted that one is over."""


class Tending:
    """To be done every few seconds by a gateway; two that do it at once do no harm."""

    def __init__(self, shared: Shared, dispatch: Dispatch) -> None:
        self._shared = shared
        self._ledger = shared.ledger
        self._limits = shared.limits
        self._dispatch = dispatch
        self._after = ""

    def tend(self) -> int:
        """Do what is due; return how many leases time has ended."""
        ended = self._end_overdue()
        while self._forget(self._outputs):
            pass
        while self._forget(self._history):
            pass
        dead = self._shared.dead
        self._ledger.purge([dead.popleft() for _ in range(min(len(dead), _LOOKED_AT))])
        return ended

    def _end_overdue(self) -> int:
        found = self._ledger.some(self._after, _LOOKED_AT)
        self._after = found[-1].id if len(found) == _LOOKED_AT else ""
        overdue = {lease.device for lease in found if self._shared.seen(lease) is not lease}
        return sum(self._dispatch.end_overdue(device) for device in sorted(overdue))

    def _forget(self, plan: Callable[[Change], Sequence[bytes]]) -> bool:
        """Delete what *plan* adds to a change, and forget that it was there; whether there may be more."""
        deleted = act(self._shared.records, plan)
        if deleted:
            self._ledger.purge(deleted)
        return bool(deleted)

    def _outputs(self, change: Change) -> Sequence[bytes]:
        """Outputs are named by the time at which they came."""
        before = self._shared.clock.now_ms() - self._limits.output_ms
        found = []
        for stored in self._shared.records.store.scan(OUTPUTS.prefix, None, _AT_ONCE):
            made = stored.key.removeprefix(OUTPUTS.prefix).decode("ascii", "replace")
            if is_ulid(made) and ulid_ms(made) >= before:
                break
            change.delete(stored.key)
            found.append(stored.key)
        return found

    def _history(self, change: Change) -> Sequence[bytes]:
        """Leases are named by the time at which they were asked for."""
        before = self._shared.clock.now_ms() - self._limits.history_ms
        many = self._ledger.past_count() - self._limits.history
        found: list[bytes] = []
        for number, lease in enumerate(self._ledger.oldest(_AT_ONCE)):
            if number >= many and lease.created_ms >= before:
                break
            found += _without(change, lease)
        return found


def _without(change: Change, lease: Lease) -> list[bytes]:
    """Add to *change*: nothing is known of *lease*. Its idempotency key names it as long as it is known."""
    keys = [PAST.key(lease.id), idempotency_key(lease.invoker, lease.key)]
    if lease.output:
        keys.append(OUTPUTS.key(lease.output))
    for key in keys:
        change.delete(key)
    return [*keys, LEASES.key(lease.id), INPUTS.key(lease.id)]

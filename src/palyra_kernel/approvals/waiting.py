"""Waiting for an answer, in a thread or in an event loop. It is in the records: whoever waits may start again."""

from __future__ import annotations

from collections.abc import Callable

from palyra_kernel.approvals.approval import Approval
from palyra_kernel.approvals.ledger import LIVE
from palyra_kernel.records import Records
from palyra_kernel.values.deadline import Deadline

_SLICE_SECONDS = 0.5
"""Of one look: two who wait in one process may take each other's news, and time alone ends a request."""

Find = Callable[[str], Approval]


def wait(records: Records, find: Find, id: str, deadline: Deadline) -> Approval:
    """Return the approval *id* as soon as it is not pending any more, or at the deadline as it is then."""
    while True:
        approval = find(id)
        if approval.state != "pending" or deadline.expired:
            return approval
        records.store.watch(LIVE.prefix, _slice(deadline))


async def wait_async(records: Records, find: Find, id: str, deadline: Deadline) -> Approval:
    """The same in asyncio. Whoever is cancelled leaves a thread behind for half a second at most."""
    import asyncio

    while True:
        approval = await asyncio.to_thread(find, id)
        if approval.state != "pending" or deadline.expired:
            return approval
        await asyncio.to_thread(records.store.watch, LIVE.prefix, _slice(deadline))


def _slice(deadline: Deadline) -> Deadline:
    return Deadline.after(min(_SLICE_SECONDS, deadline.remaining()))

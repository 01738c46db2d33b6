"""One act on the approvals: what it changes, what counts beside it, and its commit."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Generic, NamedTuple, TypeVar

from palyra_kernel.approvals import ledger
from palyra_kernel.approvals.approval import Approval
from palyra_kernel.approvals.ledger import Row
from palyra_kernel.errors import ConflictError, DeniedError
from palyra_kernel.records import Change, Records

_T = TypeVar("_T")
_ATTEMPTS = 8

MAX_PENDING = 50
"""Requests of one principal that wait for an answer. Who is asked too often stops reading."""

MAX_LIVE = 1000
"""Approvals of a vault that count at the same time."""


Follow = Callable[[Approval], Change]
"""From an approval that has another state from now on to what else is different by that. What it raises stops the act,
so of an approval that is over it raises nothing. Using a grant is not told: whoever uses it knows."""


def followed_by_nothing(_: Approval) -> Change:
    """Nothing depends on it."""
    return Change()


class Plan(NamedTuple, Generic[_T]):
    """An act before its commit: the change, and what its result will be."""

    change: Change
    result: _T


class Turn:
    """A change that is being planned, and the approvals that count beside it. What follows them is in the change."""

    def __init__(self, turn: int, now: int, follow: Follow) -> None:
        self.change = Change()
        self.now = now
        self._follow = follow
        self.rows: list[Row] = []
        ledger.take_turn(self.change, turn)

    def end(self, row: Row, ended: Approval) -> None:
        """What was read is over, as *ended*."""
        ledger.retire(self.change, row, ended)
        self.change.merge(self._follow(ended))

    def withdraw(self, row: Row, ended: Approval) -> None:
        """The same for whoever asked: what follows the approval is theirs."""
        ledger.retire(self.change, row, ended)

    def replace(self, row: Row, approval: Approval) -> None:
        """What was read counts on, as *approval*; or is over."""
        if approval.over(self.now):
            self.end(row, approval)
            return
        ledger.unchanged(self.change, row)
        ledger.keep(self.change, approval)
        if approval.state != row.approval.state:
            self.change.merge(self._follow(approval))

    def check_room(self, principal: str) -> None:
        """Refuse more requests than anybody reads."""
        waiting = [row.approval for row in self.rows if row.approval.state == "pending"]
        own = sum(1 for each in waiting if each.binding.principal == principal)
        if own >= MAX_PENDING or len(self.rows) >= MAX_LIVE:
            raise DeniedError(
                "approval.too_many",
                f"{own} requests of {principal} wait for an answer: no more are taken",
                hint="have them decided: palyra approvals list; or take some back: palyra approvals cancel ID",
            )


def act(records: Records, plan: Callable[[], Plan[_T]]) -> _T:
    """Plan and commit; when somebody else was first, plan again, and from then on without competition."""
    for attempt in range(_ATTEMPTS):
        with records.exclusive() if attempt else nullcontext():
            planned = plan()
            if not planned.change.puts and not planned.change.events:
                return planned.result
            try:
                records.commit(planned.change)
            except ConflictError:
                continue
            return planned.result
    raise ConflictError("record_changed", "the approvals kept changing under this act", hint="try again")

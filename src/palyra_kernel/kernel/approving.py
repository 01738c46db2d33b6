"""The approvals of an open vault: which life of it they belong to, and how long what lasts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from palyra_kernel.approvals import Approval, Approvals, Terms
from palyra_kernel.approvals.service import Perform
from palyra_kernel.approvals.turn import Follow, followed_by_nothing
from palyra_kernel.config import ApprovalsConfig
from palyra_kernel.kernel.incarnation import load_incarnation
from palyra_kernel.records import Change, Records

if TYPE_CHECKING:
    from palyra_kernel.identity.service import Identity

PAIRING_ACTIONS = frozenset(("device.pair", "device.replace_key"))


def make_approvals(
    records: Records,
    config: ApprovalsConfig,
    perform: Perform | None = None,
    *,
    follow: Follow = followed_by_nothing,
) -> Approvals:
    """Build them; *perform* decides and writes down what is done to them, *follow* says what else is different by
    that."""
    incarnation = load_incarnation(records)
    return Approvals(
        records,
        incarnation="" if incarnation is None else incarnation.id,
        perform=perform,
        follow=follow,
        terms=Terms(pending_seconds=config.pending_seconds, denied_seconds=config.denied_seconds),
    )


def pairings_follow(identity: Callable[[], Identity]) -> Follow:
    """What follows an approval of a pairing: the pairing. Of all others nothing does, and no identity is made."""

    def follow(approval: Approval) -> Change:
        if approval.binding.action not in PAIRING_ACTIONS:
            return Change()
        from palyra_kernel.kernel.identity import followed

        return followed(identity().pairings.runs, approval, identity().clock.now_ms())

    return follow

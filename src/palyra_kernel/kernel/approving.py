"""The approvals of an open vault: which life of it they belong to, and how long what lasts."""

from __future__ import annotations

from palyra_kernel.approvals import Approvals, Terms
from palyra_kernel.approvals.service import Perform
from palyra_kernel.config import ApprovalsConfig
from palyra_kernel.kernel.incarnation import load_incarnation
from palyra_kernel.records import Records


def make_approvals(records: Records, config: ApprovalsConfig, perform: Perform | None = None) -> Approvals:
    """Build them; *perform* decides and writes down what is done to them."""
    incarnation = load_incarnation(records)
    return Approvals(
        records,
        incarnation="" if incarnation is None else incarnation.id,
        perform=perform,
        terms=Terms(pending_seconds=config.pending_seconds, denied_seconds=config.denied_seconds),
    )

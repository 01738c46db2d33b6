"""What an approval needs when several rules ask for one: the strictest of all that they say."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from palyra_kernel.values.decisions import Obligation


def strictest(obligations: Sequence[Obligation]) -> Obligation | None:
    """One obligation that meets all of *obligations*, with the code of the first; None if they exclude each other."""
    merged = reduce(_both, obligations)
    return merged if merged.approvers and merged.options else None


def _both(one: Obligation, other: Obligation) -> Obligation:
    return Obligation(
        code=one.code,
        approvers=tuple(role for role in one.approvers if role in other.approvers),
        quorum=max(one.quorum, other.quorum),
        max_ttl_seconds=min(one.max_ttl_seconds, other.max_ttl_seconds),
        options=tuple(option for option in one.options if option in other.options),
        self_decision=one.self_decision and other.self_decision,
    )

"""What OpenAI's errors say of a credential: the status first, then ``error.code`` or ``error.type``, never the text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from palyra_kernel import FailureKind, ProviderResponse

ENDED: Mapping[str, str] = {
    "refresh_token_expired": "invalid_grant",
    "refresh_token_invalidated": "invalid_grant",
    "refresh_token_reused": "invalid_grant",
}
"""Words of its token endpoint for what the standard calls ``invalid_grant``."""

KINDS: Mapping[tuple[int, str], FailureKind | None] = {
    (401, "token_expired"): "refresh_due",
    # Where somebody is says nothing of their key.
    (403, "unsupported_country_region_territory"): None,
    # No money: the next call says the same, however long it waits.
    (429, "insufficient_quota"): "quota",
    (429, "credit_balance_exhausted"): "quota",
    (429, "billing_hard_limit_reached"): "quota",
    (429, "billing_not_active"): "quota",
    (400, "billing_hard_limit_reached"): "quota",
    # Too fast for the whole service, which says so with 503.
    (503, "slow_down"): "rate_limit",
}
"""Where a code says more than its status."""


def kind_of(response: ProviderResponse) -> FailureKind | None:
    """Why a call failed; None if it did not, or if the credential has no part in it."""
    from palyra_kernel import standard_classify

    known = (response.status, response.code)
    return KINDS[known] if known in KINDS else standard_classify(response)

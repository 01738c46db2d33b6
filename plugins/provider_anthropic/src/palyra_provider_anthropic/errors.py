"""What Anthropic's errors say of a key: the status first, then ``error.type``, never the text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from palyra_kernel import FailureKind, ProviderResponse

KINDS: Mapping[tuple[int, str], FailureKind | None] = {
    # Its servers are busy with everybody; the key is not what there is too much of.
    (429, "overloaded_error"): "transient",
    # What the organisation pays for is used up, whichever status says so.
    (400, "billing_error"): "quota",
    (403, "billing_error"): "quota",
    (429, "billing_error"): "quota",
}
"""Where a type says more than its status."""


def kind_of(response: ProviderResponse) -> FailureKind | None:
    """Why a call failed; None if it did not, or if the key has no part in it. 529 is ``transient`` like any 5xx."""
    from palyra_kernel import standard_classify

    known = (response.status, response.code)
    return KINDS[known] if known in KINDS else standard_classify(response)

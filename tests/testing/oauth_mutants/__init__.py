"""Adapters that are each broken in one way; ``breaks`` names the one rule that must notice."""

import pytest

from palyra_kernel.testing import OAuthRefreshAdapterContract as Contract
from tests.testing.toy_adapter import ToyAdapter as Healthy

__all__ = ["KNOBS", "Contract", "Healthy", "fixtures"]

KNOBS: dict[str, object] = {
    "classes": {(401, "token_expired"): "refresh_due", (429, "insufficient_quota"): "quota"}
}


def fixtures(subject):
    @pytest.fixture
    def adapter(self):
        return subject()

    return {"adapter": adapter}

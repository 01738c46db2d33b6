"""Adapters that are each broken in one way; ``breaks`` names the one rule that must notice."""

from functools import cache

import pytest

from palyra_kernel.testing import OAuthRefreshAdapterContract as Contract
from palyra_kernel.testing.oauth.sockets import Socket
from tests.testing.toy_adapter import ToyAdapter as Healthy

__all__ = ["KNOBS", "Contract", "Healthy", "fixtures"]

_one_for_all = cache(Socket)
"""A client for each mutant would read all certificate authorities for each."""

KNOBS: dict[str, object] = {
    "classes": {(401, "token_expired"): "refresh_due", (429, "insufficient_quota"): "quota"}
}


def fixtures(subject):
    @pytest.fixture
    def adapter(self):
        return subject()

    @pytest.fixture
    def socket(self):
        return _one_for_all()

    return {"adapter": adapter, "socket": socket}

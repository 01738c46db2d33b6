"""The adapter keeps the contract."""

from typing import ClassVar

import pytest

from palyra_kernel.testing import OAuthRefreshAdapterContract
from palyra_oauth_openai import OpenAI, palyra_oauth_adapters


def test_the_hook_offers_the_adapter():
    assert palyra_oauth_adapters() == [OpenAI]


class AtOnce(OpenAI):
    pause_seconds = 0.0


class TestOpenAI(OAuthRefreshAdapterContract):
    classes: ClassVar = {
        (401, "invalid_api_key"): "auth_invalid",
        (401, "account_deactivated"): "auth_invalid",
        (401, "token_expired"): "refresh_due",
        (403, "unsupported_country_region_territory"): None,
        (404, "model_not_found"): None,
        (429, "rate_limit_exceeded"): "rate_limit",
        (429, "insufficient_quota"): "quota",
        (429, "credit_balance_exhausted"): "quota",
        (400, "billing_hard_limit_reached"): "quota",
        (503, "slow_down"): "rate_limit",
        (503, "server_is_overloaded"): "transient",
    }

    @pytest.fixture
    def adapter(self):
        return AtOnce()

"""The adapter keeps the contract: a second vendor, and one without logins."""

from typing import ClassVar

import pytest

from palyra_kernel.testing import OAuthRefreshAdapterContract
from palyra_provider_anthropic import Anthropic, palyra_oauth_adapters


def test_the_hook_offers_the_adapter():
    assert palyra_oauth_adapters() == [Anthropic]


class AtOnce(Anthropic):
    pause_seconds = 0.0


class TestAnthropic(OAuthRefreshAdapterContract):
    oauth = False
    most_tries = 3
    presents: ClassVar = {"api_key": ("x-api-key", ""), "source": ("x-api-key", "")}
    listing: ClassVar = {"data": [], "first_id": None, "has_more": False, "last_id": None}
    classes: ClassVar = {
        (400, "invalid_request_error"): None,
        (401, "authentication_error"): "auth_invalid",
        (402, "billing_error"): "quota",
        (403, "permission_error"): "auth_invalid",
        (404, "not_found_error"): None,
        (413, "request_too_large"): None,
        (429, "rate_limit_error"): "rate_limit",
        (429, "overloaded_error"): "transient",
        (500, "api_error"): "transient",
        (504, "timeout_error"): "transient",
        (529, "overloaded_error"): "transient",
    }

    @pytest.fixture
    def adapter(self):
        return AtOnce()

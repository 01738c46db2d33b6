"""The capability keeps the contract; a browser that counts stands in for the one of the desktop."""

import pytest

from palyra_capability_open_url import OpenUrl, palyra_capabilities
from palyra_kernel.testing import CapabilityContract


def test_the_hook_offers_it():
    assert palyra_capabilities() == [OpenUrl]


class TestOpenUrl(CapabilityContract):
    @pytest.fixture(autouse=True)
    def _no_browser_of_mine(self, browser):
        """The kit runs it."""

    @pytest.fixture
    def capability(self, place):
        return OpenUrl.open(place)

    @pytest.fixture
    def good(self):
        return [b'{"url":"https://example.com/"}', b'{"url": "http://[::1]:8080/a?b=c"}']

    @pytest.fixture
    def bad(self):
        return [
            b'{"url":"file:///etc/passwd"}',
            b'{"url":"javascript:alert(1)"}',
            b'{"url":null}',
            b'{"url":"https://example.com/","more":1}',
            b'["https://example.com/"]',
            b'"https://example.com/"',
        ]

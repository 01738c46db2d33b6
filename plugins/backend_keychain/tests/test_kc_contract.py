"""Backend and slot keep their contracts on a keychain of the test's own making, at two depths: in place of the calls,
and in place of the frameworks behind them."""

import pytest

from palyra_backend_keychain import (
    KeychainBackend,
    KeychainProtector,
    palyra_blob_backends,
    palyra_key_protectors,
)
from palyra_kernel.testing import BlobBackendContract
from tests.mac.contracts import SlotContract


class TestBackend(BlobBackendContract):
    shared_store = True

    @pytest.fixture
    def backend(self, mac, place):
        return KeychainBackend.open(place)


class TestBackendOverFrameworks(BlobBackendContract):
    shared_store = True
    many = 200

    @pytest.fixture
    def backend(self, frameworks, place):
        return KeychainBackend.open(place)


class TestProtector(SlotContract):
    @pytest.fixture
    def keychain(self, mac):
        return mac

    @pytest.fixture(autouse=True)
    def _mine(self, keychain):
        self.fake = keychain

    def lock(self):
        self.fake.locked = True

    def put(self, service, account, data):
        self.fake.kept[service, account].data = data


class TestProtectorOverFrameworks(TestProtector):
    flips = 60

    @pytest.fixture
    def keychain(self, frameworks):
        return frameworks._keychain


def test_the_hooks_offer_both():
    assert palyra_blob_backends() == [KeychainBackend]
    assert palyra_key_protectors() == [KeychainProtector]

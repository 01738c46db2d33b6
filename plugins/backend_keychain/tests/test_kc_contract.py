"""Backend and slot keep their contracts on a keychain of the test's own making, at two depths: in place of the calls,
and in place of the frameworks behind them."""

import pytest

from palyra_backend_keychain import (
    KeychainBackend,
    KeychainProtector,
    palyra_blob_backends,
    palyra_key_protectors,
)
from palyra_kernel import IntegrityError, UnavailableError
from palyra_kernel.testing import BlobBackendContract, KeyProtectorContract


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


class TestProtector(KeyProtectorContract):
    context_errors = (IntegrityError, UnavailableError)  # the item is looked up by vault and slot

    @pytest.fixture
    def keychain(self, mac):
        return mac

    @pytest.fixture
    def protector(self, keychain):
        return KeychainProtector()

    @pytest.fixture
    def bad_params(self):
        return ({"keychain": "System"},)

    @pytest.fixture
    def missing_unlocks(self):
        return ()  # what is missing is not in the unlock: the two tests below are told another way

    def test_a_missing_unlock_is_unavailable(self, keychain, protector, slot, unlock):  # type: ignore[override]  # other fixtures
        """Locked is no wrong key: the kernel goes on to the next slot."""
        keychain.locked = True
        with pytest.raises(UnavailableError):
            protector.unwrap(slot.data, slot.context, unlock)

    @pytest.mark.parametrize("other", [bytes(32), b"short", b"", bytes(33)])
    def test_a_wrong_unlock_is_a_wrong_key(self, keychain, protector, slot, unlock, other):
        """The keychain is open and holds something else."""
        (item,) = keychain.kept.values()
        item.data = other
        with pytest.raises(IntegrityError) as caught:
            protector.unwrap(slot.data, slot.context, unlock)
        assert caught.value.code == "wrong_key"


class TestProtectorOverFrameworks(TestProtector):
    flips = 60

    @pytest.fixture
    def keychain(self, frameworks):
        return frameworks._keychain


def test_the_hooks_offer_both():
    assert palyra_blob_backends() == [KeychainBackend]
    assert palyra_key_protectors() == [KeychainProtector]

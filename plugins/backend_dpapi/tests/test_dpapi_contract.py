"""Backend and slot keep their contracts, on a Windows of the test; test_dpapi_windows.py has the real one."""

import pytest

from palyra_backend_dpapi import DpapiBackend, DpapiProtector, palyra_blob_backends, palyra_key_protectors
from palyra_kernel import IntegrityError, SensitiveBytes, UnavailableError
from palyra_kernel.testing import BlobBackendContract, KeyProtectorContract


class TestDpapiBackend(BlobBackendContract):
    largest = 4 * 1024 * 1024
    many = 300  # no query has parameters here, and each file is synced

    @pytest.fixture
    def backend(self, windows, place):
        return DpapiBackend.open(place)


class TestDpapiProtector(KeyProtectorContract):
    @pytest.fixture
    def protector(self, windows):
        return DpapiProtector()

    @pytest.fixture
    def bad_params(self):
        return ({"scope": "machine"},)

    @pytest.fixture
    def missing_unlocks(self):
        return ()  # what is missing is not in the unlock: the two tests below are told another way

    def test_a_missing_unlock_is_unavailable(self, windows, protector, slot, unlock):  # type: ignore[override]  # other fixtures
        """Another user is no wrong key: the kernel goes on to the next slot."""
        windows.log_in("bob")
        with pytest.raises(UnavailableError):
            protector.unwrap(slot.data, slot.context, unlock)

    def test_a_wrong_unlock_is_a_wrong_key(self, windows, protector, slot, context, unlock):  # type: ignore[override]  # other fixtures
        """Windows opens it, and what it holds is no key."""
        short = protector.wrap(SensitiveBytes(b"short"), context, unlock)
        with pytest.raises(IntegrityError) as caught:
            protector.unwrap(short, context, unlock)
        assert caught.value.code == "wrong_key"


def test_the_hooks_offer_both():
    assert palyra_blob_backends() == [DpapiBackend]
    assert palyra_key_protectors() == [DpapiProtector]

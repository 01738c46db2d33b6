"""Backend and slot keep their contracts on the real gnome-keyring."""

import pytest

from palyra_backend_secretservice import (
    SecretServiceBackend,
    SecretServiceProtector,
    palyra_blob_backends,
    palyra_key_protectors,
)
from palyra_kernel import IntegrityError, UnavailableError
from palyra_kernel.testing import BlobBackendContract, KeyProtectorContract

pytestmark = pytest.mark.real


class TestSecretServiceBackend(BlobBackendContract):
    largest = 4 * 1024 * 1024
    many = 100  # each item writes the whole keyring anew
    processes = 16
    shared_store = True

    @pytest.fixture
    def backend(self, desktop, place):
        return SecretServiceBackend.open(place)


class TestSecretServiceProtector(KeyProtectorContract):
    flips = 60
    context_errors = (IntegrityError, UnavailableError)  # the item is looked up by vault and slot

    @pytest.fixture
    def protector(self, desktop):
        return SecretServiceProtector()

    @pytest.fixture
    def bad_params(self):
        return ({"collection": "login"},)

    @pytest.fixture
    def missing_unlocks(self):
        return ()


def test_the_hooks_offer_both():
    assert palyra_blob_backends() == [SecretServiceBackend]
    assert palyra_key_protectors() == [SecretServiceProtector]

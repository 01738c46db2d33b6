"""Backend and slot keep their contracts on the real gnome-keyring."""

import pytest

from palyra_backend_secretservice import (
    SecretServiceBackend,
    SecretServiceProtector,
    palyra_blob_backends,
    palyra_key_protectors,
)
from palyra_kernel import IntegrityError, SlotContext, UnavailableError, Unlock
from palyra_kernel.testing import BlobBackendContract, KeyProtectorContract

pytestmark = pytest.mark.real


@pytest.mark.timeout(300)  # 16 processes, and each item writes the keyring anew
class TestSecretServiceBackend(BlobBackendContract):
    largest = 4 * 1024 * 1024
    many = 100
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
        return ()  # what is missing is not in the unlock: the two tests below are told another way

    def test_a_missing_unlock_is_unavailable(self, desktop, protector, slot, unlock):  # type: ignore[override]  # other fixtures
        """Locked is no wrong key: the kernel goes on to the next slot."""
        desktop.lock()
        with pytest.raises(UnavailableError):
            protector.unwrap(slot.data, slot.context, unlock)

    def test_a_wrong_unlock_is_a_wrong_key(self, desktop, protector, slot, unlock):  # type: ignore[override]  # other fixtures
        """The keyring is open and holds another key."""
        with desktop.collection() as collection:
            (item,) = collection.search_items({"slot": slot.context.slot_id})
            item.set_secret(bytes(32), "application/octet-stream")
        with pytest.raises(IntegrityError) as caught:
            protector.unwrap(slot.data, slot.context, unlock)
        assert caught.value.code == "wrong_key"


def test_a_slot_of_the_first_version_opens(desktop):
    """Its bytes are written down here: a slot that cannot be read any more is a vault that is lost."""
    context = SlotContext(vault_id="0" * 32, slot_id="00000000", kind="secretservice", params={})
    slot = {
        "key": "0" * 32,
        "wrapped": "AAAAAAAAAAAAAAAAc9MpWsaNzbp4CjcKxCglTJPamJ6KxjA3h5OXeUFeHjc3HEkzEMLTVBjRJ4fotPKx",
    }
    item = {"application": "palyra", "type": "key", "vault": "0" * 32, "slot": "0" * 8, "key": "0" * 32}
    with desktop.collection() as collection:
        collection.create_item("a key", item, bytes(range(32)))
    assert SecretServiceProtector().unwrap(slot, context, Unlock()).reveal() == b"k" * 32


def test_the_hooks_offer_both():
    assert palyra_blob_backends() == [SecretServiceBackend]
    assert palyra_key_protectors() == [SecretServiceProtector]

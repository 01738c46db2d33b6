"""The contract of the ``keychain`` slot, on whichever keychain."""

import pytest

from palyra_backend_keychain import KeychainProtector
from palyra_kernel import IntegrityError, UnavailableError
from palyra_kernel.testing import KeyProtectorContract


class SlotContract(KeyProtectorContract):
    """Override ``lock``, and ``put``, which changes the data of an item as a stranger would."""

    context_errors = (IntegrityError, UnavailableError)  # the item is looked up by vault and slot

    def lock(self):
        raise NotImplementedError

    def put(self, service, account, data):
        raise NotImplementedError

    @pytest.fixture
    def protector(self, keychain):
        return KeychainProtector()

    @pytest.fixture
    def bad_params(self):
        return ({"keychain": "System"},)

    @pytest.fixture
    def missing_unlocks(self):
        return ()  # what is missing is not in the unlock: the two tests below are told another way

    def test_a_missing_unlock_is_unavailable(self, protector, slot, unlock):
        """Locked is no wrong key: the kernel goes on to the next slot."""
        self.lock()
        with pytest.raises(UnavailableError) as caught:
            protector.unwrap(slot.data, slot.context, unlock)
        assert caught.value.code == "locked"

    @pytest.mark.parametrize("other", [bytes(32), b"short", bytes(33)])
    def test_a_wrong_unlock_is_a_wrong_key(self, protector, slot, unlock, other):
        """The keychain is open and holds something else."""
        self.put(f"palyra.key.{slot.context.vault_id}", slot.context.slot_id, other)
        with pytest.raises(IntegrityError) as caught:
            protector.unwrap(slot.data, slot.context, unlock)
        assert caught.value.code == "wrong_key"

"""Slots stand side by side: making or forgetting one never costs another."""

from __future__ import annotations

import secrets

import msgspec

from palyra_kernel.contracts import KeyProtector, Unlock
from palyra_kernel.testing.protectors.base import KEY_BYTES, ProtectorRules, Slot, new_context
from palyra_kernel.values import SensitiveBytes


class KeepingRules(ProtectorRules):
    """A root key is wrapped anew while the old slots must still open: a crash may come in between."""

    def test_a_second_slot_spares_the_first(
        self, protector: KeyProtector, slot: Slot, unlock: Unlock
    ) -> None:
        """One file a vault, overwritten by the next slot: the first slot is dead, and nobody was told."""
        second_context = msgspec.structs.replace(slot.context, slot_id=secrets.token_hex(4))
        second_key = SensitiveBytes(secrets.token_bytes(KEY_BYTES))
        data = protector.wrap(second_key, second_context, unlock)
        assert protector.unwrap(data, second_context, unlock) == second_key
        assert protector.unwrap(slot.data, slot.context, unlock) == slot.key

    def test_another_vault_spares_this_one(self, protector: KeyProtector, slot: Slot, unlock: Unlock) -> None:
        """Two vaults of one user share the key folder and the keychain."""
        protector.wrap(SensitiveBytes(bytes(KEY_BYTES)), new_context(protector, slot.context.params), unlock)
        assert protector.unwrap(slot.data, slot.context, unlock) == slot.key

    def test_forget_is_idempotent(self, protector: KeyProtector, slot: Slot, unlock: Unlock) -> None:
        """Removing a slot is repeated after a crash, and must succeed then."""
        protector.forget(slot.data, slot.context, unlock)
        protector.forget(slot.data, slot.context, unlock)

    def test_forget_spares_another_vault(self, protector: KeyProtector, slot: Slot, unlock: Unlock) -> None:
        """Clearing everything of this service in the keychain clears the neighbours, too."""
        other = new_context(protector, slot.context.params)
        data = protector.wrap(SensitiveBytes(bytes(KEY_BYTES)), other, unlock)
        protector.forget(data, other, unlock)
        assert protector.unwrap(slot.data, slot.context, unlock) == slot.key

    def test_forget_spares_another_slot(self, protector: KeyProtector, slot: Slot, unlock: Unlock) -> None:
        """'Any slot opens' ends when removing one takes away what two of them share. A change of the root key makes
        the new slot before it forgets the old one, of a ``single`` kind too."""
        second = msgspec.structs.replace(slot.context, slot_id=secrets.token_hex(4))
        data = protector.wrap(SensitiveBytes(bytes(KEY_BYTES)), second, unlock)
        protector.forget(data, second, unlock)
        assert protector.unwrap(slot.data, slot.context, unlock) == slot.key

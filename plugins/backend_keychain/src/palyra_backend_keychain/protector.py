"""The ``keychain`` slot: a random key in the keychain, and the root key sealed under it in the slot."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import ClassVar

from palyra_backend_keychain.keychain import PREFIX, Keychain
from palyra_kernel import (
    Deadline,
    InvalidInputError,
    KeyProtector,
    PalyraError,
    SensitiveBytes,
    SlotContext,
    UnavailableError,
    Unlock,
    open_key,
    seal_key,
    slot_bytes,
    slot_text,
)

SlotData = Mapping[str, str | int]

_KEY_BYTES = 32
_SECONDS = 10.0
_ASKING_SECONDS = 120.0
_LABEL = "Palyra: a key of a vault"


class KeychainProtector(KeyProtector):
    """Keeps 32 random bytes a slot in the default keychain: whoever unlocks it, and is allowed to use the item, opens
    the vault."""

    kind: ClassVar[str] = "keychain"
    device_bound: ClassVar[bool] = True

    def available(self) -> str | None:
        try:
            Keychain(PREFIX).check_open(_deadline(Unlock()))
        except PalyraError as error:
            return error.message if error.hint is None else f"{error.message} ({error.hint})"
        return None

    def wrap(self, key: SensitiveBytes, context: SlotContext, unlock: Unlock) -> SlotData:
        if context.params:
            raise InvalidInputError("invalid_params", "a keychain slot takes no parameters")
        items, deadline = _items(context, unlock), _deadline(unlock)
        items.check_open(deadline)
        with SensitiveBytes(os.urandom(_KEY_BYTES)) as wrapping_key:
            sealed = seal_key(key, wrapping_key, context.encode())
            items.keep(context.slot_id, _LABEL, wrapping_key.reveal(), deadline)
        return {"wrapped": slot_text(sealed)}

    def unwrap(self, slot: SlotData, context: SlotContext, unlock: Unlock) -> SensitiveBytes:
        sealed, items, deadline = slot_bytes(slot, "wrapped"), _items(context, unlock), _deadline(unlock)
        items.check_open(deadline)
        found = items.find(context.slot_id, deadline)
        if found is None:
            raise UnavailableError(
                "key_missing",
                "the keychain does not hold the key of this slot",
                hint="restore the keychain, or open the vault with another slot: --passphrase-file or --recovery-file",
            )
        with SensitiveBytes(found) as wrapping_key:
            return open_key(sealed, wrapping_key, context.encode())

    def forget(self, slot: SlotData, context: SlotContext, unlock: Unlock) -> None:
        items, deadline = _items(context, unlock), _deadline(unlock)
        items.check_open(deadline)
        items.delete(context.slot_id, deadline)


def _items(context: SlotContext, unlock: Unlock) -> Keychain:
    return Keychain(f"{PREFIX}key.{context.vault_id}", interactive=unlock.interactive)


def _deadline(unlock: Unlock) -> Deadline:
    """How long a person may take to answer, or macOS without one."""
    return Deadline.after(_ASKING_SECONDS if unlock.interactive else _SECONDS)

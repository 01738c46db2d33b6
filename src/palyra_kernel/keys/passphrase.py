"""The ``passphrase`` slot: Argon2id (RFC 9106) over something a person knows."""

from __future__ import annotations

import os
from collections.abc import Mapping

from palyra_kernel.contracts.protectors import KeyProtector, SlotContext, SlotScalar, Unlock
from palyra_kernel.contracts.wrapping import KEY_BYTES, open_key, seal_key, slot_bytes, slot_text
from palyra_kernel.errors import IntegrityError, InvalidInputError, UnavailableError
from palyra_kernel.values.argon2 import ITERATIONS, LANES, MEMORY_KIB, argon2id
from palyra_kernel.values.sensitive import SensitiveBytes

DEFAULTS: Mapping[str, SlotScalar] = {"memory_kib": MEMORY_KIB, "iterations": ITERATIONS, "lanes": LANES}

_BOUNDS = {"memory_kib": (8_192, 1_048_576), "iterations": (1, 64), "lanes": (1, 64)}
_SALT_BYTES = 16


class PassphraseProtector(KeyProtector):
    """Parameters ``memory_kib`` (8,192 to 1,048,576), ``iterations`` and ``lanes`` (1 to 64).

    Values out of bounds are refused before deriving: a slot file from elsewhere must not eat the machine.
    """

    kind = "passphrase"
    default_params = DEFAULTS

    def available(self) -> str | None:
        return None

    def wrap(self, key: SensitiveBytes, context: SlotContext, unlock: Unlock) -> Mapping[str, SlotScalar]:
        if unlock.passphrase is not None and len(unlock.passphrase) == 0:
            raise InvalidInputError("empty_passphrase", "an empty passphrase protects nothing")
        salt = os.urandom(_SALT_BYTES)
        with _derive(context.params, salt, unlock) as derived:
            sealed = seal_key(key, derived, context.encode())
        return {"salt": slot_text(salt), "wrapped": slot_text(sealed)}

    def unwrap(self, slot: Mapping[str, SlotScalar], context: SlotContext, unlock: Unlock) -> SensitiveBytes:
        salt = slot_bytes(slot, "salt")
        if len(salt) != _SALT_BYTES:
            raise IntegrityError("damaged_slot", "the slot's salt has a wrong length")
        with _derive(context.params, salt, unlock) as derived:
            return open_key(slot_bytes(slot, "wrapped"), derived, context.encode())

    def forget(self, slot: Mapping[str, SlotScalar], context: SlotContext, unlock: Unlock) -> None:
        """Nothing is kept outside the slot."""


def _derive(params: Mapping[str, SlotScalar], salt: bytes, unlock: Unlock) -> SensitiveBytes:
    memory, iterations, lanes = (_bounded(params, name) for name in _BOUNDS)
    if unlock.passphrase is None:
        raise UnavailableError(
            "passphrase_missing",
            "no passphrase was given",
            hint="use --passphrase-file, or run it where standard input is a terminal",
        )
    return argon2id(
        unlock.passphrase,
        salt,
        memory_kib=memory,
        iterations=iterations,
        lanes=lanes,
        length=KEY_BYTES,
    )


def _bounded(params: Mapping[str, SlotScalar], name: str) -> int:
    low, high = _BOUNDS[name]
    value = params.get(name)
    if type(value) is not int or not low <= value <= high:
        raise InvalidInputError("slot_parameters", f"the slot's {name} is not from {low} to {high}: refused")
    return value

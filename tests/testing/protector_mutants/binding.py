"""Broken about binding."""

import base64

import msgspec

from palyra_kernel.errors import IntegrityError
from tests.testing.protector_mutants import Healthy


class BindsNoVault(Healthy):
    breaks = "test_another_context_is_refused[vault_id]"

    def encode(self, context):
        return msgspec.structs.replace(context, vault_id="").encode()


class BindsNoSlot(Healthy):
    breaks = "test_another_context_is_refused[slot_id]"

    def encode(self, context):
        return msgspec.structs.replace(context, slot_id="").encode()


class BindsNoKind(Healthy):
    breaks = "test_another_context_is_refused[kind]"

    def encode(self, context):
        return msgspec.structs.replace(context, kind="").encode()


class BindsItsOwnParameters(Healthy):
    breaks = "test_another_context_is_refused[params-added]"

    def encode(self, context):
        return msgspec.structs.replace(context, params={"cost": context.params.get("cost", 0)}).encode()


class BindsTextOnly(Healthy):
    breaks = "test_another_context_is_refused[params-type]"

    def encode(self, context):
        params = {name: str(value) for name, value in context.params.items()}
        return msgspec.structs.replace(context, params=params).encode()


class DecodesLeniently(Healthy):
    breaks = "test_every_changed_character_is_refused"

    def decode_sealed(self, text):
        try:
            return base64.b64decode(text)[:48] if isinstance(text, str) else b""
        except ValueError:
            raise IntegrityError("damaged_slot", "the slot is damaged") from None


class HasADefaultFormat(Healthy):
    breaks = "test_a_missing_field_is_refused"

    def unwrap(self, slot, context, unlock):
        return super().unwrap({"format": 1, **slot}, context, unlock)


class RaisesTypeError(Healthy):
    breaks = "test_a_field_of_another_type_is_refused"

    def decode_sealed(self, text):
        if isinstance(text, int):
            raise TypeError("expected a string")
        return super().decode_sealed(text)

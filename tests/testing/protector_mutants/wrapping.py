"""Broken about wrapping."""

import base64
from types import MappingProxyType

from palyra_kernel.errors import UnavailableError
from tests.testing.protector_mutants import Healthy


class ReturnsPlainBytes(Healthy):
    breaks = "test_the_key_comes_back"

    def unwrap(self, slot, context, unlock):
        return PlainBytes(super().unwrap(slot, context, unlock).reveal())


class PlainBytes(bytes):
    def reveal(self):
        return bytes(self)

    def wipe(self):
        """Bytes cannot be wiped."""


class Remembers(Healthy):
    breaks = "test_another_process_opens_the_slot"
    salts = None

    def wrap(self, key, context, unlock):
        slot = super().wrap(key, context, unlock)
        self.salts = {**(self.salts or {}), slot["file"]: self.salt(slot, unlock)}
        return slot

    def unwrap(self, slot, context, unlock):
        opened = super().unwrap(slot, context, unlock)
        if not self.salts:
            raise UnavailableError("salt_missing", "the salt is not there")
        return opened


class Caches(Healthy):
    breaks = "test_every_unwrap_gives_a_buffer_of_its_own"

    def unwrap(self, slot, context, unlock):
        opened = super().unwrap(slot, context, unlock)
        self._cache = getattr(self, "_cache", {})
        return self._cache.setdefault(slot["sealed"], opened)


class WipesItsInput(Healthy):
    breaks = "test_wrapping_leaves_the_key_to_its_owner"

    def wrap(self, key, context, unlock):
        slot = super().wrap(key, context, unlock)
        if key.reveal() == b"k" * 32:
            key.wipe()
        return slot


class TakesFieldsOut(Healthy):
    breaks = "test_unwrapping_changes_neither_slot_nor_context"

    taken = False

    def unwrap(self, slot, context, unlock):
        opened = super().unwrap({"format": 1, **slot} if self.taken else slot, context, unlock)
        if isinstance(slot, dict):
            self.taken = bool(slot.pop("format", 0)) or self.taken
        return opened


class WantsADict(Healthy):
    breaks = "test_a_read_only_slot_opens"

    def unwrap(self, slot, context, unlock):
        if isinstance(slot, MappingProxyType):
            raise TypeError("a slot is a dict")
        return super().unwrap(slot, context, unlock)


class StoresABool(Healthy):
    breaks = "test_slot_data_is_flat_json"

    def more_fields(self, key):
        return {"strong": True}


class StoresTooMuch(Healthy):
    breaks = "test_slot_data_is_small"

    def more_fields(self, key):
        return {"padding": "=" * 70_000}


class StoresTheKey(Healthy):
    breaks = "test_slot_data_does_not_show_the_key"

    def more_fields(self, key):
        return {"hint": base64.b64encode(b"!" + key.reveal()[8:]).decode()}


class WrapsAlike(Healthy):
    breaks = "test_two_wraps_differ"

    def wrap(self, key, context, unlock):
        self.slots = getattr(self, "slots", {})
        return self.slots.setdefault(context.slot_id, super().wrap(key, context, unlock))

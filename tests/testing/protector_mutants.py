"""Key protectors that are each broken in one way; ``breaks`` names the one rule that must notice."""

import base64
import logging
from types import MappingProxyType

import msgspec
import pytest

from palyra_kernel.contracts import Unlock
from palyra_kernel.errors import IntegrityError, UnavailableError
from palyra_kernel.testing import KeyProtectorContract as Contract
from palyra_kernel.values import SensitiveBytes
from tests.testing.toy_protector import ToyProtector as Healthy

__all__ = ["Contract", "Healthy"]

KNOBS = {}


def fixtures(subject):
    @pytest.fixture
    def protector(self):
        return subject()

    @pytest.fixture
    def params(self):
        return {"cost": 1}

    @pytest.fixture
    def bad_params(self):
        return [{"cost": 2}]

    @pytest.fixture
    def missing_unlocks(self, unlock):
        return [Unlock(), msgspec.structs.replace(unlock, passphrase=None)]

    @pytest.fixture
    def wrong_unlocks(self, unlock):
        return [msgspec.structs.replace(unlock, passphrase=SensitiveBytes(b"another passphrase entirely"))]

    made = (protector, params, bad_params, missing_unlocks, wrong_unlocks)
    return {fixture.__name__: fixture for fixture in made}


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
        kept = vars(type(self)).get("kept", {})
        slot = super().wrap(key, context, unlock)
        type(self).kept = {**kept, (context.encode(), key.reveal()): slot}
        return kept.get((context.encode(), key.reveal()), slot)


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


class CallsMissingWrong(Healthy):
    breaks = "test_a_missing_unlock_is_unavailable"

    def unwrap(self, slot, context, unlock):
        if unlock.passphrase is None:
            raise IntegrityError("wrong_key", "this passphrase does not open the slot")
        return super().unwrap(slot, context, unlock)


class CallsEverythingCrypto(Healthy):
    breaks = "test_a_wrong_unlock_is_a_wrong_key"

    def wrong_key(self, unlock):
        return IntegrityError("crypto", "the slot does not open")


class TakesAnyCost(Healthy):
    breaks = "test_bad_parameters_are_invalid_input"

    def wrap(self, key, context, unlock):
        params = {**context.params, "cost": 1}
        return super().wrap(key, msgspec.structs.replace(context, params=params), unlock)


class SaysFalse(Healthy):
    breaks = "test_available_is_none_or_a_reason"

    def available(self):
        return ""


class CleansUpWhenAsked(Healthy):
    breaks = "test_available_has_no_lasting_effect"
    folder = None

    def wrap(self, key, context, unlock):
        self.folder = unlock.key_folder
        return super().wrap(key, context, unlock)

    def available(self):
        if self.folder:
            (self.folder / "probe").touch()


class HasACapitalKind(Healthy):
    breaks = "test_the_class_describes_itself"
    kind = "Toy Protector"


class HasOneFileAVault(Healthy):
    breaks = "test_a_second_slot_spares_the_first"

    def wrap(self, key, context, unlock):
        slot = super().wrap(key, context, unlock)
        if key.reveal() != bytes(32):
            last = unlock.key_folder / f"last-{context.vault_id}"
            if last.exists():
                (unlock.key_folder / last.read_text()).unlink(missing_ok=True)
            last.write_text(slot["file"])
        return slot


class HasOneFile(Healthy):
    breaks = "test_another_vault_spares_this_one"

    def wrap(self, key, context, unlock):
        slot = super().wrap(key, context, unlock)
        last = unlock.key_folder / "last"
        if last.exists() and key.reveal() == bytes(32) and last.read_text()[:32] != context.vault_id:
            self.victim = unlock.key_folder / last.read_text()[32:]
            self.victim.rename(self.victim.with_suffix(".old"))
        last.write_text(context.vault_id + slot["file"])
        return slot

    def forget(self, slot, context, unlock):
        super().forget(slot, context, unlock)
        for old in unlock.key_folder.glob("*.old"):
            old.rename(old.with_suffix(""))


class ForgetsOnce(Healthy):
    breaks = "test_forget_is_idempotent"

    def forget(self, slot, context, unlock):
        if not (unlock.key_folder / slot["file"]).exists():
            raise UnavailableError("salt_missing", "the salt is not there")
        super().forget(slot, context, unlock)


class ForgetsEverybody(Healthy):
    breaks = "test_forget_spares_another_vault"
    vaults = ()

    def wrap(self, key, context, unlock):
        self.vaults = {*self.vaults, context.vault_id}
        return super().wrap(key, context, unlock)

    def forget(self, slot, context, unlock):
        if len(self.vaults) == 1:
            return super().forget(slot, context, unlock)
        for path in unlock.key_folder.iterdir():
            path.unlink()


class ForgetsTheVault(Healthy):
    breaks = "test_forget_spares_another_slot"
    files = ()

    def wrap(self, key, context, unlock):
        slot = super().wrap(key, context, unlock)
        self.files = (*self.files, (context.vault_id, slot["file"]))
        return slot

    def forget(self, slot, context, unlock):
        for vault_id, name in self.files:
            if vault_id == context.vault_id:
                (unlock.key_folder / name).unlink(missing_ok=True)


class QuotesItsInput(Healthy):
    breaks = "test_errors_show_no_key"

    def wrong_key(self, unlock):
        return IntegrityError(
            "wrong_key", "this does not open the slot", hint=repr(unlock.passphrase.reveal())
        )


class LogsItsInput(Healthy):
    breaks = "test_logs_show_no_key"

    def unwrap(self, slot, context, unlock):
        opened = super().unwrap(slot, context, unlock)
        logging.getLogger(__name__).debug("unwrapped %s", list(opened.reveal()))
        return opened


class KeepsTheKey(Healthy):
    breaks = "test_repr_shows_no_key"

    def unwrap(self, slot, context, unlock):
        opened = super().unwrap(slot, context, unlock)
        self.last = opened.reveal()
        return opened

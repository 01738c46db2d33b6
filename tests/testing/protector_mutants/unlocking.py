"""Broken about unlocking."""

import msgspec

from palyra_kernel.errors import IntegrityError
from tests.testing.protector_mutants import Healthy


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

"""Missing and wrong are two answers, and neither is a key."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from palyra_kernel.contracts import KeyProtector, SlotScalar, Unlock
from palyra_kernel.errors import IntegrityError, InvalidInputError, UnavailableError
from palyra_kernel.testing.protectors.base import KEY_BYTES, ProtectorRules, Slot, new_context
from palyra_kernel.values import SensitiveBytes


class UnlockRules(ProtectorRules):
    """'Try another slot', 'type it again' and 'stop, it was tampered with' are different advice."""

    def test_a_missing_unlock_is_unavailable(
        self, protector: KeyProtector, slot: Slot, missing_unlocks: Sequence[Unlock]
    ) -> None:
        """The kernel goes on to the next slot; nothing is wrong with this one."""
        if not missing_unlocks:
            pytest.skip("missing_unlocks is empty")
        for missing in missing_unlocks:
            with pytest.raises(UnavailableError):
                self.fresh(protector).unwrap(slot.data, slot.context, missing)

    def test_a_wrong_unlock_is_a_wrong_key(
        self, protector: KeyProtector, slot: Slot, wrong_unlocks: Sequence[Unlock]
    ) -> None:
        """Elsewhere wrong key, damage and parse failure were one error, blamed on whoever asked."""
        if not wrong_unlocks:
            pytest.skip("wrong_unlocks is empty")
        for wrong in wrong_unlocks:
            with pytest.raises(IntegrityError) as caught:
                self.fresh(protector).unwrap(slot.data, slot.context, wrong)
            assert caught.value.code == "wrong_key"

    def test_bad_parameters_are_invalid_input(
        self, protector: KeyProtector, unlock: Unlock, bad_params: Sequence[Mapping[str, SlotScalar]]
    ) -> None:
        """A slot file from elsewhere can ask for a terabyte of memory: refuse before deriving."""
        if not bad_params:
            pytest.skip("bad_params is empty")
        for params in bad_params:
            with pytest.raises(InvalidInputError):
                protector.wrap(SensitiveBytes(bytes(KEY_BYTES)), new_context(protector, params), unlock)

    def test_available_is_none_or_a_reason(self, protector: KeyProtector) -> None:
        """False, '' and an exception leave the user without a reason."""
        reason = protector.available()
        assert reason is None or (isinstance(reason, str) and reason.strip())

    def test_available_has_no_lasting_effect(
        self, protector: KeyProtector, slot: Slot, unlock: Unlock
    ) -> None:
        """`doctor` asks on every run; it must not create a key, an item or a file."""
        before = _files(unlock)
        protector.available()
        assert _files(unlock) == before
        assert protector.unwrap(slot.data, slot.context, unlock) == slot.key

    def test_the_class_describes_itself(self, protector: KeyProtector) -> None:
        """The kind is stored for ever; the rest decides what `doctor` says and if a second slot is needed."""
        assert re.fullmatch(r"[a-z0-9_]+", protector.kind)
        assert type(protector.device_bound) is bool
        assert protector.weak is None or protector.weak.strip()


def _files(unlock: Unlock) -> dict[Path, bytes]:
    if unlock.key_folder is None:
        return {}
    return {path: path.read_bytes() for path in sorted(unlock.key_folder.iterdir()) if path.is_file()}

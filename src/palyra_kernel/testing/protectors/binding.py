"""A slot opens in its own context, untouched, or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec
import pytest

from palyra_kernel.contracts import KeyProtector, SlotContext, SlotScalar, Unlock
from palyra_kernel.errors import PalyraError
from palyra_kernel.testing.protectors.base import ProtectorRules, Slot

_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
CONTEXTS = ("vault_id", "slot_id", "kind", "params-added", "params-type")


class BindingRules(ProtectorRules):
    """Encryption without associated data let two files swap places elsewhere, and both still opened."""

    @pytest.mark.parametrize("change", CONTEXTS)
    def test_another_context_is_refused(
        self, protector: KeyProtector, slot: Slot, unlock: Unlock, change: str
    ) -> None:
        """Use ``context.encode()`` as associated data, and a slot opens where it was made only."""
        protector.unwrap(slot.data, slot.context, unlock)
        with pytest.raises(self.context_errors):
            protector.unwrap(slot.data, _other_context(slot.context, change), unlock)

    def test_every_changed_character_is_refused(
        self, protector: KeyProtector, slot: Slot, unlock: Unlock
    ) -> None:
        """Also the unused bits at the end of base64: two spellings of one slot are one too many."""
        protector.unwrap(slot.data, slot.context, unlock)
        for where, data in _changed(slot.data, self.flips):
            assert _refused(protector, data, slot.context, unlock), f"opened with another {where}"

    def test_a_missing_field_is_refused(self, protector: KeyProtector, slot: Slot, unlock: Unlock) -> None:
        """By an error of ours: a KeyError reads like a fault of the program, not of the file."""
        for name in slot.data:
            data = {other: value for other, value in slot.data.items() if other != name}
            assert _refused(protector, data, slot.context, unlock), f"opened without {name}"

    def test_a_field_of_another_type_is_refused(
        self, protector: KeyProtector, slot: Slot, unlock: Unlock
    ) -> None:
        """Whoever edits JSON writes 5 for "5"."""
        for name, value in slot.data.items():
            other: SlotScalar = 7 if isinstance(value, str) else str(value)
            data = {**slot.data, name: other}
            assert _refused(protector, data, slot.context, unlock), (
                f"opened with {name} as {type(other).__name__}"
            )


def _refused(
    protector: KeyProtector, data: Mapping[str, SlotScalar], context: SlotContext, unlock: Unlock
) -> bool:
    try:
        protector.unwrap(data, context, unlock).wipe()
    except PalyraError:
        return True
    return False


def _other_context(context: SlotContext, change: str) -> SlotContext:
    if change == "params-added":
        return msgspec.structs.replace(context, params={**context.params, "contract kit": 1})
    if change == "params-type":
        # One parameter, or none: its value must count with its type.
        name, value = next(iter(context.params.items()), ("contract kit", 0))
        return msgspec.structs.replace(context, params={**context.params, name: _retyped(value)})
    changed = str(getattr(context, change))
    return msgspec.structs.replace(context, **{change: _flip(changed, len(changed) - 1)})


def _retyped(value: SlotScalar) -> SlotScalar:
    return str(value) if isinstance(value, int) else value + " "


def _changed(data: Mapping[str, SlotScalar], most: int) -> Iterator[tuple[str, Mapping[str, SlotScalar]]]:
    """Variants of *data* with one number or character changed: at most about *most*, the last one included."""
    places = [
        (name, at)
        for name, value in data.items()
        for at in range(len(value) if isinstance(value, str) else 1)
    ]
    for name, at in places[:: -max(1, len(places) // most)]:
        value = data[name]
        other = _flip(value, at) if isinstance(value, str) else value ^ 1
        yield f"{name}[{at}]", {**data, name: other}


def _flip(text: str, at: int) -> str:
    """Change the lowest bit of one base64 digit, or replace another character."""
    digit = _BASE64.find(text[at])
    other = _BASE64[digit ^ 1] if digit >= 0 else "A"
    return text[:at] + other + text[at + 1 :]

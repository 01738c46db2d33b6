"""What goes in comes out, and what lies in between gives nothing away."""

from __future__ import annotations

import binascii
import json
from base64 import b64decode
from collections.abc import Mapping
from types import MappingProxyType

from palyra_kernel.contracts import KeyProtector, SlotContext, SlotScalar, Unlock
from palyra_kernel.testing.leaks import shows
from palyra_kernel.testing.protectors.base import KEY_BYTES, ProtectorRules, Slot
from palyra_kernel.values import SensitiveBytes

_MAX_SLOT_BYTES = 64 * 1024


class WrapRules(ProtectorRules):
    """Slot data is public: it lies beside the vault, in backups, and on other people's disks."""

    def test_the_key_comes_back(self, protector: KeyProtector, slot: Slot, unlock: Unlock) -> None:
        """Byte for byte, in a buffer that can be wiped."""
        opened = protector.unwrap(slot.data, slot.context, unlock)
        assert isinstance(opened, SensitiveBytes)
        assert opened == slot.key

    def test_another_process_opens_the_slot(
        self, protector: KeyProtector, slot: Slot, unlock: Unlock
    ) -> None:
        """A protector that remembers what it wrapped works until the next start."""
        assert self.fresh(protector).unwrap(slot.data, slot.context, unlock) == slot.key

    def test_every_unwrap_gives_a_buffer_of_its_own(
        self, protector: KeyProtector, slot: Slot, unlock: Unlock
    ) -> None:
        """A cached buffer that one caller wipes turns the next caller's root key into zeros."""
        protector.unwrap(slot.data, slot.context, unlock).wipe()
        assert protector.unwrap(slot.data, slot.context, unlock).reveal() == slot.key

    def test_wrapping_leaves_the_key_to_its_owner(
        self, protector: KeyProtector, context: SlotContext, unlock: Unlock
    ) -> None:
        """The caller wraps one key for several slots, and wipes it itself."""
        key = SensitiveBytes(b"k" * KEY_BYTES)
        protector.wrap(key, context, unlock)
        assert key.reveal() == b"k" * KEY_BYTES

    def test_unwrapping_changes_neither_slot_nor_context(
        self, protector: KeyProtector, slot: Slot, unlock: Unlock
    ) -> None:
        """The kernel writes the slot data back, and a field that was taken out is gone."""
        before = dict(slot.data), dict(slot.context.params)
        protector.unwrap(slot.data, slot.context, unlock)
        assert (dict(slot.data), dict(slot.context.params)) == before

    def test_a_read_only_slot_opens(self, protector: KeyProtector, slot: Slot, unlock: Unlock) -> None:
        """The contract says Mapping, so the kernel may pass one that is no dict."""
        assert protector.unwrap(MappingProxyType(dict(slot.data)), slot.context, unlock) == slot.key

    def test_slot_data_is_flat_json(self, slot: Slot) -> None:
        """Bytes, floats, bool and nesting change on the way through JSON, and with them the slot."""
        assert {type(name) for name in slot.data} <= {str}
        assert {type(value) for value in slot.data.values()} <= {str, int}
        assert json.loads(json.dumps(dict(slot.data))) == dict(slot.data)

    def test_slot_data_is_small(self, slot: Slot) -> None:
        """keyring.json is read before anything is trusted, so it is bounded."""
        assert len(repr(dict(slot.data))) <= _MAX_SLOT_BYTES

    def test_slot_data_does_not_show_the_key(self, slot: Slot) -> None:
        """Encoding is not encryption."""
        assert not shows(_everything_in(slot.data), slot.key)

    def test_two_wraps_differ(self, protector: KeyProtector, slot: Slot, unlock: Unlock) -> None:
        """A nonce or salt that repeats breaks the cipher, or shows that two vaults share a key."""
        protector.forget(slot.data, slot.context, unlock)
        again = protector.wrap(SensitiveBytes(slot.key), slot.context, unlock)
        assert dict(again) != dict(slot.data)


def _everything_in(data: Mapping[str, SlotScalar]) -> str:
    """The fields as text, and decoded once where they look like hex or base64."""
    parts = [repr(dict(data))]
    for value in data.values():
        if isinstance(value, str):
            for decode in (bytes.fromhex, b64decode):
                try:
                    parts.append(decode(value).decode("latin-1"))
                except (ValueError, binascii.Error):
                    continue
    return "\n".join(parts)

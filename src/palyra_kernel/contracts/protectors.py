"""What the author of a key protector implements."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import msgspec

from palyra_kernel.values.framing import frame
from palyra_kernel.values.sensitive import SensitiveBytes

SlotScalar = str | int
"""What slot data and parameters are made of; bytes go in as base64 text."""


class SlotContext(msgspec.Struct, frozen=True, kw_only=True):
    """What a wrapped key is bound to. Use :meth:`encode` as associated data: a slot moved to another vault, or
    whose parameters were edited, must not open."""

    vault_id: str
    slot_id: str
    kind: str
    params: Mapping[str, SlotScalar]

    def encode(self) -> bytes:
        """One unambiguous byte string of all fields; the type of a parameter counts."""
        flat: list[str] = []
        for name in sorted(self.params):
            value = self.params[name]
            flat += (name, type(value).__name__, str(value))
        return frame("palyra slot v1", self.vault_id, self.slot_id, self.kind, *flat)


class Unlock(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller brings to open a slot. Never stored.

    ``key_folder`` is the folder of key files in the configuration folder. ``interactive`` allows a protector to
    ask the user; the kernel itself never does.
    """

    key_folder: Path | None = None
    passphrase: SensitiveBytes | None = None
    recovery_key: SensitiveBytes | None = None
    interactive: bool = False


class KeyProtector(ABC):
    """Wraps the 32-byte root key of a vault into slot data that is safe to store next to the vault, and back.

    A protector is built without arguments and keeps no key. Errors: :class:`UnavailableError` (what it needs is
    not here: no passphrase given, store locked, file absent), :class:`IntegrityError` code ``wrong_key`` (it is
    here and does not fit), :class:`InvalidInputError` (parameters out of bounds, refused before any work).
    """

    kind: ClassVar[str]
    """The name in the slot: lower-case letters, digits and ``_``."""

    device_bound: ClassVar[bool] = False
    """Whether the slot dies with this machine or account; then the kernel insists on a second slot beside it."""

    single: ClassVar[bool] = False
    """Whether a vault can have only one slot of this kind, because what it keeps outside the slot has one place."""

    wraps_publicly: ClassVar[bool] = False
    """Whether wrapping needs only the parameters (a public key), not what unlocks: such a slot survives a new root key
    without being asked."""

    default_params: ClassVar[Mapping[str, SlotScalar]] = {}
    """Parameters of a new slot that the operator did not choose."""

    weak: ClassVar[str | None] = None
    """Why ``doctor`` should call the slot weak, or None."""

    @abstractmethod
    def available(self) -> str | None:
        """Return None if it can work on this machine, else the reason. No prompt, no lasting effect."""

    @abstractmethod
    def wrap(self, key: SensitiveBytes, context: SlotContext, unlock: Unlock) -> Mapping[str, SlotScalar]:
        """Wrap *key*, bound to *context*, and return the public slot data (at most 64 KiB as JSON)."""

    @abstractmethod
    def unwrap(self, slot: Mapping[str, SlotScalar], context: SlotContext, unlock: Unlock) -> SensitiveBytes:
        """Return the key that :meth:`wrap` was given, or raise."""

    @abstractmethod
    def forget(self, slot: Mapping[str, SlotScalar], context: SlotContext, unlock: Unlock) -> None:
        """Remove what this protector keeps outside the slot data (a file, an item). Idempotent."""

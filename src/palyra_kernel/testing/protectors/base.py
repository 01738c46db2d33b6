"""What the rules for key protectors share: the fixtures to override, the knobs, and one slot to work on."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import msgspec
import pytest

from palyra_kernel.contracts import KeyProtector, SlotContext, SlotScalar, Unlock
from palyra_kernel.errors import IntegrityError, PalyraError
from palyra_kernel.values import SensitiveBytes

KEY_BYTES = 32


class Slot(msgspec.Struct, frozen=True):
    """A wrapped key: what ``unwrap`` needs, and what it must return."""

    key: bytes
    context: SlotContext
    data: Mapping[str, SlotScalar]


class ProtectorRules:
    """The knobs are class attributes: set them in your subclass."""

    flips: ClassVar[int] = 1_000
    """How many characters of the slot data are changed, one at a time, evenly spread. Fewer if that is slow."""

    context_errors: ClassVar[tuple[type[PalyraError], ...]] = (IntegrityError,)
    """How a slot of another context is refused. Add ``UnavailableError`` if you look something up by vault or
    slot id, ``InvalidInputError`` if you know every parameter and refuse another."""

    @pytest.fixture
    def protector(self) -> KeyProtector:
        """Your protector. Override this."""
        raise NotImplementedError("override the fixture `protector`: return YourProtector()")

    @pytest.fixture
    def params(self) -> Mapping[str, SlotScalar]:
        """The parameters of a slot of this kind."""
        return {}

    @pytest.fixture
    def bad_params(self) -> Sequence[Mapping[str, SlotScalar]]:
        """Parameters that must be refused before any work."""
        return ()

    @pytest.fixture
    def unlock(self, tmp_path: Path) -> Unlock:
        """What opens the slot."""
        folder = tmp_path / "keys"
        folder.mkdir(mode=0o700)
        return Unlock(key_folder=folder, passphrase=SensitiveBytes(b"a passphrase of the contract kit"))

    @pytest.fixture
    def missing_unlocks(self) -> Sequence[Unlock]:
        """Unlocks without what the slot needs; empty for a protector that needs nothing."""
        return (Unlock(),)

    @pytest.fixture
    def wrong_unlocks(self) -> Sequence[Unlock]:
        """Unlocks with the wrong thing: another passphrase, another key file. It may ask for the fixture ``slot``."""
        return ()

    @pytest.fixture
    def context(self, protector: KeyProtector, params: Mapping[str, SlotScalar]) -> SlotContext:
        """What the slot is bound to."""
        return new_context(protector, params)

    @pytest.fixture
    def slot(self, protector: KeyProtector, context: SlotContext, unlock: Unlock) -> Slot:
        """A random key, wrapped by *protector*."""
        key = secrets.token_bytes(KEY_BYTES)
        return Slot(key, context, protector.wrap(SensitiveBytes(key), context, unlock))

    def fresh(self, protector: KeyProtector) -> KeyProtector:
        """A protector like *protector* in another process: it knows nothing that is not stored."""
        return type(protector)()


def new_context(protector: KeyProtector, params: Mapping[str, SlotScalar]) -> SlotContext:
    """The context of a new vault and slot."""
    return SlotContext(
        vault_id=secrets.token_hex(16), slot_id=secrets.token_hex(4), kind=protector.kind, params=dict(params)
    )

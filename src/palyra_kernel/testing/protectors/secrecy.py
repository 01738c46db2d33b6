"""Neither the root key nor what unlocks it gets into an error, a log or a ``repr``."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

import msgspec
import pytest

from palyra_kernel.contracts import KeyProtector, Unlock
from palyra_kernel.testing.leaks import collecting, shows, text_of
from palyra_kernel.testing.protectors.base import ProtectorRules, Slot


class SecrecyRules(ProtectorRules):
    """Failing to unlock is what users report, with the whole output attached."""

    @pytest.fixture
    def bad_unlocks(
        self, missing_unlocks: Sequence[Unlock], wrong_unlocks: Sequence[Unlock]
    ) -> Sequence[Unlock]:
        """Everything that must not open the slot."""
        return (*missing_unlocks, *wrong_unlocks)

    def provoke(
        self, protector: KeyProtector, slot: Slot, unlock: Unlock, bad_unlocks: Sequence[Unlock]
    ) -> list[Exception]:
        """Open *slot*, then fail to in every way the kit knows; return the errors."""
        errors: list[Exception] = []
        other_vault = msgspec.structs.replace(slot.context, vault_id="0" * 32)
        damaged = {name: value + "A" if isinstance(value, str) else -1 for name, value in slot.data.items()}
        protector.unwrap(slot.data, slot.context, unlock)
        for data, context, by in (
            (slot.data, other_vault, unlock),
            (damaged, slot.context, unlock),
            *((slot.data, slot.context, bad) for bad in bad_unlocks),
        ):
            with collecting(errors):
                protector.unwrap(data, context, by)
        return errors

    def test_errors_show_no_key(
        self, protector: KeyProtector, slot: Slot, unlock: Unlock, bad_unlocks: Sequence[Unlock]
    ) -> None:
        """A mistyped passphrase is nearly the right one: it must not be shown either."""
        for error in self.provoke(protector, slot, unlock, bad_unlocks):
            for secret in _secrets(slot, unlock, *bad_unlocks):
                assert not shows(text_of(error), secret)

    def test_logs_show_no_key(
        self,
        protector: KeyProtector,
        slot: Slot,
        unlock: Unlock,
        bad_unlocks: Sequence[Unlock],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """Also not on the way to success."""
        with caplog.at_level(logging.DEBUG):
            self.provoke(protector, slot, unlock, bad_unlocks)
        for secret in _secrets(slot, unlock, *bad_unlocks):
            assert not shows(caplog.text, secret)

    def test_repr_shows_no_key(self, protector: KeyProtector, slot: Slot, unlock: Unlock) -> None:
        """A protector keeps no key, so it has none to print."""
        protector.unwrap(slot.data, slot.context, unlock)
        for secret in _secrets(slot, unlock):
            assert not shows(f"{protector!r} {protector!s} {vars(protector)!r}", secret)


def _secrets(slot: Slot, *unlocks: Unlock) -> Iterator[bytes]:
    yield slot.key
    for unlock in unlocks:
        for secret in (unlock.passphrase, unlock.recovery_key):
            if secret is not None:
                yield secret.reveal()

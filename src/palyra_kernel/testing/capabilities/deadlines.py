"""Whoever asked does not wait for ever, and may call it off."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from threading import Event

import pytest

from palyra_kernel.contracts.capabilities import Capability, CapabilityCall
from palyra_kernel.errors import PalyraError
from palyra_kernel.testing.capabilities.base import CapabilityRules
from palyra_kernel.testing.threads import together
from palyra_kernel.values import Deadline

_SHORT = 0.2


class DeadlineRules(CapabilityRules):
    """A node runs a few leases at once: one that never ends keeps the others out."""

    def test_a_past_deadline_returns_at_once(self, capability: Capability, good: Sequence[bytes]) -> None:
        """No time left, written as 0, means 'wait for ever' to many a client."""

        def late(_: int) -> None:
            for each in good:
                _run(capability, each, CapabilityCall(Deadline.after(-1.0)))

        together(1, late, seconds=self.patience)

    def test_long_work_ends_at_the_deadline(self, capability: Capability, slow: bytes | None) -> None:
        """Work that timed out and went on did its harm when nobody waited for it any more (hazard H30)."""
        if slow is None:
            pytest.skip("the fixture `slow` returns None")
        together(
            1,
            lambda _: _run(capability, slow, CapabilityCall(Deadline.after(_SHORT))),
            seconds=self.patience,
        )

    def test_long_work_ends_when_it_is_called_off(self, capability: Capability, slow: bytes | None) -> None:
        """A cancellation that only the gateway knows of cancels nothing."""
        if slow is None:
            pytest.skip("the fixture `slow` returns None")
        cancelled = Event()

        def work(number: int) -> None:
            if number:
                cancelled.wait(_SHORT)
                cancelled.set()
            else:
                _run(capability, slow, CapabilityCall(Deadline.after(self.patience * 3), cancelled))

        together(2, work, seconds=self.patience)


def _run(capability: Capability, input: bytes, call: CapabilityCall) -> None:
    with suppress(PalyraError):
        capability.run(input, call)

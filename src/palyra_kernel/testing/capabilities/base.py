"""What the rules for capabilities share: the fixtures to override, the knobs, and one way to ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import pytest

from palyra_kernel.contracts.capabilities import Capability, CapabilityCall, CapabilityPlace
from palyra_kernel.errors import PalyraError
from palyra_kernel.values import Deadline

DEVICE = "01JZ0000000000000000000000"


class CapabilityRules:
    """The knobs are class attributes: set them in your subclass."""

    threads: ClassVar[int] = 8

    patience: ClassVar[float] = 10.0
    """Seconds that a call may go on behind its deadline, before the kit says that it hangs."""

    repeats: ClassVar[bool] = True
    """Whether the same input has the same answer. False where the answer tells of the moment."""

    @pytest.fixture
    def settings(self) -> Mapping[str, Any]:
        """What your capability is opened with. None unless you override this."""
        return {}

    @pytest.fixture
    def place(self, settings: Mapping[str, Any]) -> CapabilityPlace:
        """Where it is opened."""
        return CapabilityPlace(device=DEVICE, version="0.0.0", settings=settings)

    @pytest.fixture
    def capability(self, place: CapabilityPlace) -> Capability:
        """Your capability, opened at *place*. Override this."""
        raise NotImplementedError("override the fixture `capability`: return YourCapability.open(place)")

    @pytest.fixture
    def good(self) -> Sequence[bytes]:
        """Inputs that your capability takes. Override this."""
        raise NotImplementedError("override the fixture `good`: return [b'{}']")

    @pytest.fixture
    def bad(self) -> Sequence[bytes]:
        """Inputs, all of them JSON, that your capability refuses; none if it takes everything. Override this."""
        raise NotImplementedError("override the fixture `bad`: return [b'[]']")

    @pytest.fixture
    def slow(self) -> bytes | None:
        """An input on which it works for longer than :attr:`patience` unless it is called off; None: there is none."""
        return None

    @pytest.fixture(autouse=True)
    def _closed_at_the_end(self, capability: Capability) -> Iterator[None]:
        yield
        capability.close()


def asked(capability: Capability, input: bytes) -> bytes:
    """Run it with time enough."""
    return capability.run(input, CapabilityCall(Deadline.after(30.0)))


def answer_or_error(capability: Capability, input: bytes) -> bytes | PalyraError:
    """Run it; an error of the kernel's is an answer too."""
    try:
        return asked(capability, input)
    except PalyraError as error:
        return error

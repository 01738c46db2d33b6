"""``echo``: whether a node takes work, and gives back what it was handed."""

from __future__ import annotations

from typing import ClassVar

from palyra_kernel.contracts.capabilities import Capability, CapabilityCall


class Echo(Capability):
    """Returns its input, byte for byte."""

    name: ClassVar[str] = "echo"

    def run(self, input: bytes, call: CapabilityCall) -> bytes:
        call.check(self.name)
        return input

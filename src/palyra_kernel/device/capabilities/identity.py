"""``system.identity``: what a node is. Its id, the kind of machine, and the version of the kernel; no names."""

from __future__ import annotations

import platform
from typing import ClassVar, Self

import msgspec

from palyra_kernel.contracts.capabilities import Capability, CapabilityCall, CapabilityPlace
from palyra_kernel.device.capabilities.asking import nothing_asked
from palyra_kernel.errors import InvalidInputError


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """``device``: its id at the gateway. ``system`` is like ``Linux``, ``machine`` like ``x86_64``."""

    device: str
    system: str
    machine: str
    kernel_version: str


class SystemIdentity(Capability):
    """Answers from what it was opened with."""

    name: ClassVar[str] = "system.identity"
    max_input_bytes: ClassVar[int] = 64

    def __init__(self, place: CapabilityPlace) -> None:
        self._place = place

    @classmethod
    def open(cls, place: CapabilityPlace) -> Self:
        if place.settings:
            raise InvalidInputError("invalid_config", f"the capability {cls.name!r} has no settings")
        return cls(place)

    def run(self, input: bytes, call: CapabilityCall) -> bytes:
        nothing_asked(self.name, input, call)
        return msgspec.json.encode(
            Identity(
                device=self._place.device,
                system=platform.system(),
                machine=platform.machine(),
                kernel_version=self._place.version,
            )
        )

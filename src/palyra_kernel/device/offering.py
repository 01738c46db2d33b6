"""What this node says that it is and can do."""

from __future__ import annotations

import platform
from collections.abc import Mapping

from palyra_kernel.contracts.capabilities import Capability
from palyra_kernel.device.speaking import Speaker
from palyra_kernel.device.wire import Offered, registration
from palyra_kernel.errors import PalyraError

_PLATFORM_CHARS = 64


class Offering:
    """Of *capabilities*, by name, over *speaker*. For one thread at a time."""

    def __init__(self, capabilities: Mapping[str, Capability], speaker: Speaker) -> None:
        self._capabilities = capabilities
        self._speaker = speaker
        self._said: tuple[Offered, ...] = ()

    def register(self) -> tuple[bytes, ...]:
        """Say it; return the grants that this node has. Raises as :class:`Speaker` does."""
        offered = self._offered()
        grants = self._speaker.register(registration(platform_name(), offered))
        self._said = offered
        return grants

    def changed(self) -> bool:
        """Whether something can be had now that could not, or the other way round."""
        return self._offered() != self._said

    def shown(self) -> str:
        """The names of those that can be had."""
        return " ".join(each.name for each in self._said if each.available) or "nothing"

    def _offered(self) -> tuple[Offered, ...]:
        return tuple(
            Offered(name, _available(self._capabilities[name])) for name in sorted(self._capabilities)
        )


def platform_name() -> str:
    """Like ``linux x86_64``."""
    text = f"{platform.system().lower() or 'unknown'} {platform.machine()}".strip()
    return ascii(text)[1:-1][:_PLATFORM_CHARS]


def _available(capability: Capability) -> bool:
    try:
        return capability.available() is None
    except PalyraError:  # of an author's, behind the guard
        return False

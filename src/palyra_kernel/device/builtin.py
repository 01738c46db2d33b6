"""The built-in capabilities, offered through the same hook as a stranger's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from palyra_kernel.hookspecs import hookimpl

if TYPE_CHECKING:
    from palyra_kernel.contracts.capabilities import Capability


@hookimpl
def palyra_capabilities() -> Sequence[type[Capability]]:
    from palyra_kernel.device.capabilities.echo import Echo
    from palyra_kernel.device.capabilities.health import SystemHealth
    from palyra_kernel.device.capabilities.identity import SystemIdentity

    return [Echo, SystemHealth, SystemIdentity]

"""``system.health``: how the machine of a node is. No names, no paths, no programs, no users."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable
from platform import python_version
from typing import ClassVar

import msgspec

from palyra_kernel.contracts.capabilities import Capability, CapabilityCall
from palyra_kernel.device.capabilities.asking import nothing_asked


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """``uptime_seconds``: since the machine started, on macOS without the time that it slept. ``load``: processes that
    run or wait, on average of 1, 5 and 15 minutes; null on Windows, which does not count them. ``disk_free_bytes``:
    what this user may still write to the disk of the root folder."""

    uptime_seconds: int
    load: tuple[float, float, float] | None
    processors: int | None
    disk_free_bytes: int
    disk_total_bytes: int
    python: str


class SystemHealth(Capability):
    """Asks the operating system when it runs, and keeps nothing."""

    name: ClassVar[str] = "system.health"
    max_input_bytes: ClassVar[int] = 64

    def run(self, input: bytes, call: CapabilityCall) -> bytes:
        nothing_asked(self.name, input, call)
        disk = shutil.disk_usage(os.sep)
        return msgspec.json.encode(
            Health(
                uptime_seconds=_uptime(),
                load=_load(),
                processors=os.cpu_count(),
                disk_free_bytes=disk.free,
                disk_total_bytes=disk.total,
                python=python_version(),
            )
        )


def _uptime() -> int:
    """Python's monotonic clock starts with the machine; on Linux another one also counts the time that it slept."""
    if sys.platform == "linux":
        return int(time.clock_gettime(time.CLOCK_BOOTTIME))
    return int(time.monotonic())


def _load() -> tuple[float, float, float] | None:
    ask: Callable[[], tuple[float, float, float]] | None = getattr(os, "getloadavg", None)
    try:
        return None if ask is None else ask()
    except OSError:  # a container that does not say
        return None

"""The way to the store. Its modules need packages that exist on Linux only, and load when a vault first uses them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from palyra_kernel import UnavailableError

if TYPE_CHECKING:
    from palyra_backend_secretservice.service import Service


def new_service() -> Service:
    """The Secret Service of this session; nothing is connected yet."""
    if sys.platform != "linux":
        raise UnavailableError("unsupported", "the Secret Service is a part of Linux desktops")
    from palyra_backend_secretservice.service import Service

    return Service()

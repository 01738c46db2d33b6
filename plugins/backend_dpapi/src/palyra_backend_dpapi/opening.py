"""The way to Windows. Elsewhere there is none, and that is said."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Protocol

from palyra_kernel import UnavailableError


class Native(Protocol):
    """What :mod:`palyra_backend_dpapi._native` does; each call may raise ``OSError``."""

    def protect(self, data: bytes | memoryview, entropy: bytes, /) -> bytes: ...
    def unprotect(self, data: bytes, entropy: bytes, /) -> bytearray: ...
    def make_folder(self, path: Path, /) -> None: ...


def new_native() -> Native:
    """The calls of this system. Raises :class:`UnavailableError` ``unsupported`` where it is not Windows."""
    if sys.platform != "win32":
        raise UnavailableError(
            "unsupported",
            "DPAPI is a part of Windows",
            hint="a vault that is pinned to dpapi moves to another backend on the machine where it opens: "
            "palyra vault migrate --to file; elsewhere, restore a backup of it with --backend file",
        )
    from palyra_backend_dpapi import _native

    return _native

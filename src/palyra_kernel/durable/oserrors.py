"""Operating-system errors become ours, once, with a code that says what to repair."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from palyra_kernel.errors import DeniedError, PalyraError, UnavailableError

_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
_DENIED = (errno.EACCES, errno.EPERM)
_IN_USE = (32, 33)
"""Windows: another program has the file open, or a part of it locked, and shares it with nobody."""


def from_os_error(error: OSError, doing: str) -> PalyraError:
    """Return the error of ours for *error*, which happened while *doing*."""
    name = errno.errorcode.get(error.errno or 0, type(error).__name__)
    if error.errno in _FULL:
        return UnavailableError(
            "disk_full", f"{doing}: the disk is full", hint="free some space and try again"
        )
    if error.errno == errno.EROFS:
        return UnavailableError("read_only", f"{doing}: the file system is read-only")
    if getattr(error, "winerror", None) in _IN_USE:
        return UnavailableError(
            "in_use",
            f"{doing}: another program has it open",
            hint="try again; virus scanners and indexers open what is new",
        )
    if error.errno in _DENIED:
        return DeniedError("os_denied", f"{doing}: the operating system refused ({name})")
    return UnavailableError(
        "os_error", f"{doing}: {name}", hint="see the system log for what the disk reported"
    )


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn an ``OSError`` of the block into the error of ours."""
    try:
        yield
    except OSError as error:
        raise from_os_error(error, doing) from error

"""Opens folders and files by handle, step by step: what is checked is what is read, whatever the path means later."""

from __future__ import annotations

import errno
import os
import stat
import sys
from io import FileIO

from palyra_kernel import SensitiveBytes
from palyra_source_systemd.problems import ProblemError, too_large, unreadable, unsafe

_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def open_folder(path: str) -> int | None:
    """A handle of the folder at the absolute *path*, or None if there is none. The way to it passes no link, and only
    folders of root or ours in which others can replace nothing."""
    if sys.platform != "linux":
        raise NotImplementedError
    try:
        here = os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        steps = [step for step in path.split("/") if step]
        for number, step in enumerate(steps, 1):
            here = _entered(here, step, last=number == len(steps))
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno in (errno.ENOTDIR, errno.ELOOP):
            raise unsafe("a link, or something that is no folder, is on the way to the credentials") from None
        raise unreadable(error) from None
    return here


def _entered(here: int, step: str, *, last: bool) -> int:
    """The folder *step* in *here*, whose handle is closed."""
    if sys.platform != "linux":
        raise NotImplementedError
    try:
        found = os.open(step, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=here)
    finally:
        os.close(here)
    status = os.fstat(found)
    sticky = stat.S_ISVTX if not last else 0
    if _is_foreign(status) and not (status.st_uid in _us() and status.st_mode & sticky):
        os.close(found)
        raise unsafe("others can replace a folder on the way to the credentials")
    return found


def open_file(folder: int, name: str) -> int | None:
    """A handle of the regular file *name* in *folder*, or None if there is none."""
    if sys.platform != "linux":
        raise NotImplementedError
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NOCTTY
    try:
        found = os.open(name, flags | os.O_NONBLOCK, dir_fd=folder)  # opening a FIFO must not hang
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):  # a link, a socket
            raise unsafe("the credential is no regular file") from None
        raise unreadable(error) from None
    status = os.fstat(found)
    if not stat.S_ISREG(status.st_mode) or _is_foreign(status):
        os.close(found)
        raise unsafe("the credential is no regular file, or others can write it")
    return found


def read_bounded(file: int, limit: int) -> SensitiveBytes:
    """All of the open file, straight into a buffer that can be wiped; a file that grows is too large."""
    try:
        with SensitiveBytes.zeros(min(os.fstat(file).st_size, limit) + 1) as buffer:
            used = fill(file, buffer)
            if used == len(buffer):
                raise too_large()
            return SensitiveBytes(buffer.view()[:used])
    except OSError as error:
        raise unreadable(error) from None


def fill(file: int, buffer: SensitiveBytes) -> int:
    """Read *file* into *buffer* until one of them ends; the number of bytes."""
    view, used = buffer.view(), 0
    raw = FileIO(file, closefd=False)
    while used < len(view) and (got := raw.readinto(view[used:])):
        used += got
    return used


def _is_foreign(status: os.stat_result) -> bool:
    return status.st_uid not in _us() or bool(status.st_mode & _WRITABLE_BY_OTHERS)


def _us() -> tuple[int, ...]:
    if sys.platform == "win32":
        raise NotImplementedError
    return (0, os.geteuid())


__all__ = ["ProblemError", "fill", "open_file", "open_folder", "read_bounded"]

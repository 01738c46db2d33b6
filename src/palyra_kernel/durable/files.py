"""Small files that are either the old or the new content, never half of it."""

from __future__ import annotations

import os
import stat
import sys
from io import FileIO
from pathlib import Path

from palyra_kernel.durable.folders import fsync_folder
from palyra_kernel.durable.oserrors import translated
from palyra_kernel.errors import DeniedError, IntegrityError, NotFoundError
from palyra_kernel.values.sensitive import SensitiveBytes

_NO_FOLLOW: int = getattr(os, "O_NOFOLLOW", 0)
_ALWAYS: int = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
FOLLOW_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _ALWAYS
"""To read what may be anything, also through a link: without waiting for the other end of a FIFO."""
READ_FLAGS = FOLLOW_FLAGS | _NO_FOLLOW
"""The same, never through a link."""
CREATE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _ALWAYS | _NO_FOLLOW
"""To make a file that is not there yet, and not at the end of a link either."""
_REPLACE, _WRITE_THROUGH = 0x1, 0x8
"""Of ``MoveFileExW``."""


def read_file(path: Path, *, limit: int, private: bool = True) -> bytes:
    """Read a regular file of ours, at most *limit* bytes; never through a link.

    With *private* nobody else may read or write it; without, nobody else may write it. Raises
    :class:`NotFoundError` ``file_missing``, :class:`DeniedError` ``unsafe_file`` and :class:`IntegrityError`
    ``file_too_large``.
    """
    with read_secret_file(path, limit=limit, private=private) as content:
        return content.reveal()


def read_secret_file(path: Path, *, limit: int, private: bool = True) -> SensitiveBytes:
    """The same into a buffer that can be wiped, without a copy on the way."""
    with translated(f"reading {path}"):
        try:
            fd = os.open(path, READ_FLAGS)
        except FileNotFoundError:
            raise NotFoundError("file_missing", f"there is no file {path}") from None
        except OSError:
            if path.is_symlink():
                raise _unsafe(f"{path} is a link") from None
            raise
        try:
            check_owner(fd, path, forbidden=0o077 if private else 0o022)
            return _read_bounded(FileIO(fd, closefd=False), path, limit)
        finally:
            os.close(fd)


def check_owner(fd: int, path: Path, *, forbidden: int) -> None:
    """Refuse the open file unless it is regular, ours, and has none of the *forbidden* mode bits."""
    _judge(os.fstat(fd), path, forbidden)


def check_owner_unopened(path: Path, *, forbidden: int) -> bool:
    """The same for a file that must not be opened here; False if there is none.

    Closing any descriptor of a SQLite file drops the POSIX locks of every connection of this process to it.
    """
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return False
    _judge(found, path, forbidden)
    return True


def _judge(found: os.stat_result, path: Path, forbidden: int) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise _unsafe(f"{path} is not a regular file")
    if sys.platform != "win32":
        if found.st_uid != os.geteuid():
            raise _unsafe(f"{path} belongs to another user (uid {found.st_uid})")
        if found.st_mode & forbidden:
            raise _unsafe(f"{path} is open to other users (mode {stat.S_IMODE(found.st_mode):o})")


def _read_bounded(file: FileIO, path: Path, limit: int) -> SensitiveBytes:
    size = os.fstat(file.fileno()).st_size
    with SensitiveBytes.zeros(min(size, limit) + 1) as buffer:  # one more, to notice that it grew
        view, used = buffer.view(), 0
        while used < len(view) and (got := file.readinto(view[used:])):
            used += got
        if used == len(view):
            raise IntegrityError("file_too_large", f"{path} is larger than {limit} bytes, or grows")
        return SensitiveBytes(view[:used])


def write_file(path: Path, data: bytes | bytearray | memoryview) -> None:
    """Replace *path* by *data*: durable when it returns, the old content until then.

    The caller holds the lock that guards *path*; a temporary file left by a crash is replaced by the next write.
    """
    temporary = path.with_name(f".{path.name}.new")
    with translated(f"writing {path}"):
        temporary.unlink(missing_ok=True)
        try:
            create_file(temporary, data)
            move_file(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def move_file(source: Path, target: Path) -> None:
    """Put *source* in the place of *target*, in the same folder: durable when it returns."""
    if sys.platform == "win32":
        import ctypes

        move = ctypes.WinDLL("kernel32", use_last_error=True).MoveFileExW
        move.argtypes = (ctypes.c_wchar_p, ctypes.c_wchar_p, ctypes.c_ulong)
        # os.replace does not wait until the new name is on the disk, and folders cannot be synced.
        if not move(str(source), str(target), _REPLACE | _WRITE_THROUGH):
            raise ctypes.WinError(ctypes.get_last_error())
    else:
        source.replace(target)
        fsync_folder(target.parent)


def create_file(path: Path, data: bytes | bytearray | memoryview) -> None:
    """Create *path* (0600 from birth, refused if it exists) and make its content durable."""
    fd = os.open(path, CREATE_FLAGS, 0o600)
    try:
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(fd, view) :]
            os.fsync(fd)
        finally:
            os.close(fd)  # before it is removed: Windows keeps files that are open
    except BaseException:
        path.unlink(missing_ok=True)  # half a file is worse than none
        raise


def _unsafe(message: str) -> DeniedError:
    return DeniedError("unsafe_file", message, hint="it must be a regular file of yours with mode 600")

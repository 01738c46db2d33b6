"""Values that come from and go to files and standard streams: bounded when read, private when written."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from palyra_kernel.durable.files import create_file, write_file
from palyra_kernel.durable.oserrors import from_os_error, translated
from palyra_kernel.errors import ConflictError, InvalidInputError, NotFoundError, UnavailableError


def read_source(path: str, limit: int, *, what: str) -> bytes:
    """Read the file, pipe or device *path*, or standard input for ``-``; refuse more than *limit* bytes.

    The user typed the path, so links, and files of others, are read. Raises :class:`InvalidInputError`
    ``value_too_large`` and :class:`NotFoundError` ``file_missing``.
    """
    if path == "-":
        if sys.stdin is None:
            raise InvalidInputError("no_input", "standard input is closed")
        return read_bounded(sys.stdin.buffer, limit, what=what)
    try:
        with Path(path).open("rb") as stream:
            return read_bounded(stream, limit, what=what)
    except FileNotFoundError:
        raise NotFoundError("file_missing", f"there is no file {path}") from None
    except IsADirectoryError:
        raise InvalidInputError("not_a_file", f"{path} is a folder") from None
    except OSError as error:
        raise from_os_error(error, f"reading {path}") from None


def read_bounded(stream: BinaryIO, limit: int, *, what: str) -> bytes:
    """Read to the end, but at most one byte more than *limit*, which is then an error."""
    data = bytearray()
    while len(data) <= limit and (chunk := stream.read(limit + 1 - len(data))):
        data += chunk
    if len(data) > limit:
        raise InvalidInputError("value_too_large", f"{what} has more than {limit} bytes: refused")
    return bytes(data)


def refuse_existing(path: str) -> None:
    """Raise :class:`ConflictError` ``exists`` early; :func:`write_private` decides."""
    if os.path.lexists(path):
        raise _exists(path)


def write_private(path: str, data: bytes | bytearray, *, force: bool = False) -> None:
    """Write a new file with mode 0600. With *force* another file is replaced; a link is replaced, not followed. What is
    or leads to a device, a FIFO or a socket is not: root would take ``/dev/stdout`` away from everybody."""
    target = Path(path).absolute()
    if not target.parent.is_dir():
        raise NotFoundError("folder_missing", f"there is no folder {target.parent}")
    if target.is_dir():
        raise InvalidInputError("not_a_file", f"{path} is a folder")
    if force and target.exists() and not target.is_file():
        hint = "without --out the output is standard output"
        raise InvalidInputError("not_a_file", f"{path} is no regular file, and is not replaced", hint=hint)
    with translated(f"writing {path}"):
        if force:
            write_file(target, data)
            return
        try:
            if not _create_whole(target, data):
                create_file(target, data)
        except FileExistsError:
            raise _exists(path) from None


def _create_whole(target: Path, data: bytes | bytearray) -> bool:
    """Write a file before it has a name: not even a kill leaves half of it. False where that is not possible."""
    if sys.platform != "linux":
        return False
    flags = os.O_WRONLY | os.O_TMPFILE | os.O_CLOEXEC
    with ExitStack() as stack:
        try:
            folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            stack.callback(os.close, folder)
            fd = os.open(target.parent, flags, 0o600)
        except OSError:  # not every file system can
            return False
        stack.callback(os.close, fd)
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view) :]
        os.fsync(fd)
        try:
            os.link(f"/proc/self/fd/{fd}", target.name, dst_dir_fd=folder, follow_symlinks=True)
        except FileNotFoundError:  # no /proc
            return False
        os.fsync(folder)
    return True


def write_stdout(data: bytes | bytearray) -> None:
    """Write exactly *data*, past the buffer of Python: nothing stays behind in it, and no error comes late."""
    if sys.stdout is None:
        raise UnavailableError("os_error", "standard output is closed")
    sys.stdout.flush()
    stream = sys.stdout.buffer
    raw = getattr(stream, "raw", stream)
    left = memoryview(data)
    try:
        while left:
            written = raw.write(left)
            if written is None:
                raise UnavailableError("os_error", "standard output is not ready (EAGAIN)")
            left = left[written:]
    except OSError as error:
        if error.errno == errno.EPIPE:
            raise
        raise from_os_error(error, "writing to standard output") from None


def _exists(path: str) -> ConflictError:
    return ConflictError("exists", f"{path} exists already", hint="name another file")

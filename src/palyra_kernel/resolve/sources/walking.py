"""Paths walked by handles: what was checked is what is opened, whoever exchanges names meanwhile.

Each step is opened relative to the folder before it and never through a link; links are read and followed here, hop by
hop. ``..`` goes back to a handle that we hold, so a folder that is moved while we are in it leads nowhere else.

Every folder on the way is ours or root's and not writable by anyone else, unless it is sticky: there nobody can
replace what is ours. The volumes of Kubernetes and ``/tmp`` are such folders. For the same reason a link must be ours
or root's, and a file in a sticky folder must have one name only: others can put a second name of it there.

POSIX only. ``openat2`` would do the confinement of Linux in one call, but Python cannot call it without ``ctypes``.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections import deque
from contextlib import ExitStack
from types import TracebackType
from typing import NamedTuple, Self

from palyra_kernel.contracts.sources import SecretError
from palyra_kernel.resolve.sources.answers import NoValueError, blocked, from_os, missing
from palyra_kernel.resolve.sources.paths import is_inside

if sys.platform == "win32":
    raise ImportError("there are no handles of folders")

_MAX_HOPS = 40
_SAFE = os.O_NOFOLLOW | os.O_CLOEXEC
# A handle to walk from needs no right to list the folder, where the system knows such handles.
_FOLDER: int = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | _SAFE
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | _SAFE  # opening a FIFO must not hang


class Folder(NamedTuple):
    """An open folder, and the path that absolute links to what is in it begin with."""

    handle: int
    path: str


class Walk:
    """Opens folders and files, and closes all of them at the end of its ``with`` block.

    Raises :class:`NoValueError`; its messages name no path.
    """

    def __init__(self) -> None:
        self._opened = ExitStack()
        self._us = (0, os.geteuid())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.close()

    def root(self) -> Folder:
        """The folder that everything is in."""
        return Folder(self._enter("/", None), "/")

    def folder(self, base: Folder, path: str, *, links: bool) -> Folder:
        """The folder *path*, which begins with the path of *base*, never outside of *base*."""
        trail = self._walk(base, _steps(path[len(base.path) :]), links)
        if isinstance(trail, _Last):
            raise NoValueError(missing("folder_missing", "a folder on the way is a file"))
        return Folder(trail[-1], path)

    def file(self, base: Folder, path: str, *, links: bool, private: bool) -> int:
        """A handle to read the regular file *path*, never outside of *base*.

        Nobody else may write it. With *private* nobody else may read it either, except that root may say so for a file
        of its own (secrets of containers are often 0444); a group may always read.
        """
        last = self._walk(base, _steps(path[len(base.path) :]), links)
        if not isinstance(last, _Last):
            raise NoValueError(_not_regular())
        handle = self._open(last.name, _FILE, last.folder)
        self._judge_file(os.fstat(handle), os.fstat(last.folder), private)
        return handle

    def _walk(self, base: Folder, ahead: deque[str], links: bool) -> list[int] | _Last:
        """The handles from *base* to a folder, or the name at the end that is not a folder."""
        trail, hops = [base.handle], 0
        while ahead:
            name = ahead.popleft()
            if name == "..":
                trail = _back(trail, base)
                continue
            found = self._look(name, trail[-1])
            if stat.S_ISLNK(found.st_mode):
                hops += 1
                self._judge_link(found, links, hops)
                target = self._link(name, trail[-1])
                if target.startswith("/"):
                    trail, target = [base.handle], _within(target, base)
                ahead.extendleft(reversed(_steps(target)))
            elif stat.S_ISDIR(found.st_mode):
                trail.append(self._enter(name, trail[-1]))
            elif ahead:
                raise NoValueError(missing("file_missing", "there is no such file"))
            elif not stat.S_ISREG(found.st_mode):
                raise NoValueError(_not_regular())  # not even opened: opening a device does something
            else:
                return _Last(trail[-1], name)
        return trail

    def _enter(self, name: str, folder: int | None) -> int:
        handle = self._open(name, _FOLDER, folder)
        found = os.fstat(handle)
        if found.st_uid not in self._us:
            raise NoValueError(_unsafe("a folder on the way belongs to another user"))
        if found.st_mode & 0o022 and not found.st_mode & stat.S_ISVTX:
            raise NoValueError(_unsafe("others can write into a folder on the way", "chmod go-w that folder"))
        return handle

    def _judge_link(self, found: os.stat_result, links: bool, hops: int) -> None:
        if not links:
            raise NoValueError(
                blocked("link", "there is a link on the way", hint="name the file itself, or allow_symlinks")
            )
        if found.st_uid not in self._us:
            raise NoValueError(_unsafe("a link on the way belongs to another user"))
        if hops > _MAX_HOPS:
            raise NoValueError(blocked("too_many_links", f"there are more than {_MAX_HOPS} links on the way"))

    def _judge_file(self, found: os.stat_result, folder: os.stat_result, private: bool) -> None:
        if not stat.S_ISREG(found.st_mode):
            raise NoValueError(_not_regular())
        if found.st_uid not in self._us:
            raise NoValueError(_unsafe("the file belongs to another user"))
        if found.st_mode & 0o022:
            raise NoValueError(_unsafe("others can write the file", "chmod go-w that file"))
        if private and found.st_mode & 0o004 and found.st_uid != 0:
            raise NoValueError(_unsafe("everybody can read the file", "chmod o-r that file"))
        if found.st_nlink > 1 and folder.st_mode & 0o022:
            raise NoValueError(_unsafe("the file has a second name, and others can give it one there"))

    def _look(self, name: str, folder: int) -> os.stat_result:
        try:
            return os.stat(name, dir_fd=folder, follow_symlinks=False)
        except OSError as error:
            raise NoValueError(_from_os(error)) from None

    def _link(self, name: str, folder: int) -> str:
        try:
            return os.readlink(name, dir_fd=folder)
        except OSError as error:
            raise NoValueError(_from_os(error)) from None

    def _open(self, name: str, flags: int, folder: int | None) -> int:
        try:
            handle = os.open(name, flags, dir_fd=folder)
        except OSError as error:
            raise NoValueError(_from_os(error)) from None
        self._opened.callback(os.close, handle)
        return handle


class _Last(NamedTuple):
    """What stands at the end of a walk and is no folder."""

    folder: int
    name: str


def _steps(path: str) -> deque[str]:
    return deque(step for step in path.split("/") if step not in ("", "."))


def _back(trail: list[int], base: Folder) -> list[int]:
    if len(trail) > 1:
        return trail[:-1]
    if base.path == "/":
        return trail  # above the root is the root
    raise NoValueError(_out())


def _within(target: str, base: Folder) -> str:
    if not is_inside(target, base.path):
        raise NoValueError(_out())
    return target[len(base.path) :]


def _out() -> SecretError:
    return blocked("link_leads_out", "a link on the way leads out of the trusted directory")


def _not_regular() -> SecretError:
    return blocked("not_a_regular_file", "it is a folder, a FIFO, a socket or a device")


def _unsafe(message: str, hint: str | None = None) -> SecretError:
    return blocked("unsafe_owner_or_mode", message, hint=hint)


def _from_os(error: OSError) -> SecretError:
    if error.errno == errno.ENOENT:
        return missing("file_missing", "there is no such file")
    if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.EINVAL, errno.ENXIO):
        return SecretError(
            kind="io", code="changed", message="something on the way was exchanged while it was opened"
        )
    return from_os(error, "opening the file")

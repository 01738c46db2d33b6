"""Private folders: owned by us, closed to others, reached by a path that nobody else can redirect.

We refuse, and never repair, what we did not create: changing the mode of a folder that a link led to has opened
home directories elsewhere. On Windows owners and modes are not checked (files inherit the owner-only list of the
user's profile); ``SECURITY.md`` says so.
"""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from palyra_kernel.durable.oserrors import translated
from palyra_kernel.errors import DeniedError, InvalidInputError, NotFoundError


def normal_path(path: str | os.PathLike[str]) -> Path:
    """Return *path* absolute, without resolving links. Refuses an empty path, NUL and ``..``."""
    text = os.fspath(path)
    if not text or "\0" in text:
        raise InvalidInputError("invalid_path", "a folder path is empty or holds a NUL byte")
    if ".." in Path(text).parts:
        raise InvalidInputError(
            "invalid_path", f"a folder path has no '..': {text}", hint="name the folder itself"
        )
    return Path(os.path.abspath(text))  # noqa: PTH100  # Path.resolve() would follow the links that we check


def private_folder(path: Path, *, create: bool) -> Path:
    """Check that *path* is a private folder of ours, after making it (0700, with its parents) if *create*.

    Raises :class:`NotFoundError` ``folder_missing`` and :class:`DeniedError` ``unsafe_folder``.
    """
    with translated(f"opening the folder {path}"):
        if create:
            _make(path)
        try:
            found = os.lstat(path)
        except FileNotFoundError:
            raise NotFoundError(
                "folder_missing", f"there is no folder {path}", hint="restore it, or name the right one"
            ) from None
        if not stat.S_ISDIR(found.st_mode):
            what = "a link" if stat.S_ISLNK(found.st_mode) else "not a folder"
            raise _unsafe(f"{path} is {what}", "name the folder itself, not a link to it")
        if sys.platform != "win32":
            if found.st_uid != os.geteuid():
                raise _unsafe(
                    f"{path} belongs to another user (uid {found.st_uid})", "use a folder of your own"
                )
            if found.st_mode & 0o077:
                raise _unsafe(
                    f"{path} is open to other users", f"chmod 700 {path}, after checking why it was open"
                )
            _check_ancestors(path)
    return path


def _make(path: Path) -> None:
    """Make *path* and its missing parents, each 0700 from birth, whatever the umask."""
    missing = []
    while not os.path.lexists(path):
        missing.append(path)
        path = path.parent
    for folder in reversed(missing):
        try:
            os.mkdir(folder, 0o700)  # noqa: PTH102  # the mode at birth matters
        except FileExistsError:
            continue  # another process was first; the checks that follow judge the result
        fsync_folder(folder.parent)


def _check_ancestors(path: Path) -> None:
    """Every folder above *path*, and above the target of every link on the way, is safe to pass through."""
    if sys.platform == "win32":
        return
    us = (0, os.geteuid())
    for given in (path.parent, *path.parent.parents):
        found = os.lstat(given)
        if stat.S_ISLNK(found.st_mode):
            if found.st_uid not in us:
                raise _unsafe(f"{given} is a link of another user", "name the folder it leads to")
            _check_ancestors(Path(os.path.realpath(given)) / path.name)
            continue
        _check_ancestor(given, found, us)


def _check_ancestor(folder: Path, found: os.stat_result, us: tuple[int, ...]) -> None:
    if found.st_uid not in us:
        raise _unsafe(
            f"{folder}, on the way, belongs to another user (uid {found.st_uid})", "choose another place"
        )
    if found.st_mode & 0o022 and not found.st_mode & stat.S_ISVTX:
        raise _unsafe(
            f"{folder}, on the way, can be written by other users and has no sticky bit",
            f"chmod go-w {folder}",
        )


def _unsafe(message: str, hint: str) -> DeniedError:
    return DeniedError("unsafe_folder", message, hint=hint)


def fsync_folder(folder: Path) -> None:
    """Make the entries of *folder* survive a power cut. A no-op on Windows, which cannot open folders."""
    if sys.platform == "win32":
        return
    fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)

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

_MAX_HOPS = 40


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
            _check_way(path)
    return path


def exists(path: Path) -> bool:
    """Whether something is at *path*; a place that we may not look at is an error, not an absence."""
    with translated(f"looking for {path}"):
        try:
            os.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True


def _make(path: Path) -> None:
    """Make *path* and its missing parents, each 0700 from birth, whatever the umask; on a safe way only."""
    missing = []
    while not os.path.lexists(path):
        missing.append(path)
        path = path.parent
    if missing:
        _check_way(path / missing[-1].name)
    for folder in reversed(missing):
        try:
            os.mkdir(folder, 0o700)  # noqa: PTH102  # the mode at birth matters
        except FileExistsError:
            continue  # another process was first; the checks that follow judge the result
        fsync_folder(folder.parent)


def _check_way(path: Path) -> None:
    """Every folder and every link that the system passes on its way to *path* is ours or root's, hop by hop."""
    if sys.platform == "win32":
        return
    us = (0, os.geteuid())
    here, ahead, hops = Path(path.anchor), list(path.parts[1:-1]), 0
    _check_ancestor(here, os.lstat(here), us)
    while ahead:
        name = ahead.pop(0)
        if name == "..":
            here = here.parent
            continue
        found = os.lstat(here / name)
        if not stat.S_ISLNK(found.st_mode):
            here /= name
            _check_ancestor(here, found, us)
            continue
        hops += 1
        if found.st_uid not in us or hops > _MAX_HOPS:
            raise _unsafe(f"{here / name} is a link of another user", "name the folder it leads to")
        target = Path(os.readlink(here / name))  # noqa: PTH115  # the bare text of the link
        if target.is_absolute():
            here, ahead = Path(target.anchor), [*target.parts[1:], *ahead]
        else:
            ahead = [*target.parts, *ahead]


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

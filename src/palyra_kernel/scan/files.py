"""The files below some paths, read within bounds. No link is followed that was not named."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath
from typing import NamedTuple

from palyra_kernel.durable.files import FOLLOW_FLAGS, READ_FLAGS
from palyra_kernel.errors import NotFoundError

MAX_BYTES = 5 * 1024 * 1024
MAX_FILES = 200_000
MAX_DEPTH = 64
_SKIPPED = re.compile(
    r"\.git|\.hg|\.svn|node_modules|\.?venv|site-packages|__pycache__|\.(?:tox|nox|hypothesis|terraform|gradle)"
    r"|\.(?:mypy|ruff|pytest)_cache"
)
_ENVIRONMENT = "pyvenv.cfg"
_HEAD = 8192


class Found(NamedTuple):
    """A file that was read, or *why* it was not; neither for what is no text (``data`` and ``why`` are None)."""

    path: str
    data: bytes | None
    why: str | None = None


def files_below(paths: Sequence[str], *, limit: int = MAX_BYTES) -> Iterator[Found]:
    """Each file once, in the order of names. A path that was named is read even through a link, and in a folder that
    would be skipped. What ``.gitignore`` lists is read: an ignored ``.env`` is where secrets are.

    Raises :class:`NotFoundError` ``file_missing`` for a path that is not there.
    """
    seen: set[tuple[int, int]] = set()
    count = 0
    for path in paths:
        for found in _named(str(PurePath(path)), limit, seen):
            count += 1
            if count > MAX_FILES:
                yield Found(path, None, f"there are more than {MAX_FILES} files: the rest was not read")
                return
            yield found


def _named(path: str, limit: int, seen: set[tuple[int, int]]) -> Iterator[Found]:
    if not os.path.lexists(path):
        raise NotFoundError("file_missing", f"there is no file or folder {path}")
    if Path(path).is_dir():
        yield from _folder(path, 0, limit, seen)
    else:
        yield _read(path, limit, seen, follow=True)


def _folder(path: str, depth: int, limit: int, seen: set[tuple[int, int]]) -> Iterator[Found]:
    if depth > MAX_DEPTH:
        yield Found(path, None, f"folders are nested deeper than {MAX_DEPTH}")
        return
    try:
        with os.scandir(path) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError as error:
        yield Found(path, None, _reason(error))
        return
    if depth and any(entry.name == _ENVIRONMENT for entry in entries):
        return  # a virtual environment under a name of its own
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            if not _SKIPPED.fullmatch(entry.name):
                yield from _folder(_below(path, entry), depth + 1, limit, seen)
        elif entry.is_file(follow_symlinks=False):
            yield _read(_below(path, entry), limit, seen, follow=False)


def _read(path: str, limit: int, seen: set[tuple[int, int]], *, follow: bool) -> Found:
    try:
        fd = os.open(path, FOLLOW_FLAGS if follow else READ_FLAGS)
    except OSError as error:
        return Found(path, None, _reason(error))
    with os.fdopen(fd, "rb") as file:
        about = os.fstat(fd)
        if not stat.S_ISREG(about.st_mode):
            return Found(path, None, "it is not a regular file" if follow else None)
        if (about.st_dev, about.st_ino) in seen:
            return Found(path, None)
        seen.add((about.st_dev, about.st_ino))
        try:
            data = file.read(_HEAD)
            if is_binary(data):
                return Found(path, None)
            data += file.read(limit + 1 - len(data)) if len(data) <= limit else b""
        except OSError as error:
            return Found(path, None, _reason(error))
    if len(data) > limit:
        return Found(path, None, f"it is larger than {limit} bytes")
    return Found(path, data)


def is_binary(head: bytes) -> bool:
    """Whether this is the beginning of something that is no text."""
    return b"\0" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff"))


def _reason(error: OSError) -> str:
    return (os.strerror(error.errno) if error.errno else type(error).__name__).lower()


def _below(path: str, entry: os.DirEntry[str]) -> str:
    return str(PurePath(path, entry.name))  # without the leading ./

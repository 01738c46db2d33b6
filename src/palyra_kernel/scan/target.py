"""The one file that is edited: it is ours, in a format that can be written, and what was read of it."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from palyra_kernel.durable.files import CREATE_FLAGS, READ_FLAGS
from palyra_kernel.durable.folders import fsync_folder
from palyra_kernel.durable.oserrors import translated
from palyra_kernel.errors import ConflictError, DeniedError, InvalidInputError, NotFoundError
from palyra_kernel.scan.examine import read_leaves
from palyra_kernel.scan.files import MAX_BYTES
from palyra_kernel.scan.leaves import Leaf
from palyra_kernel.scan.source import Source

_NOT_EDITED = (
    "palyra secrets audit names the lines; store each value with palyra secrets set and read it from there"
)


class Target(NamedTuple):
    """A file as it was read, and how its format is read and written. *path* is where it really is: a link to it stays a
    link."""

    path: Path
    data: bytes
    about: os.stat_result
    source: Source
    leaves: list[Leaf]
    read: Callable[[str], list[Leaf]]
    token: Callable[[str, str], str]


def read_target(name: str) -> Target:
    """Read what is to be edited.

    Raises :class:`NotFoundError` ``file_missing``, :class:`DeniedError` ``unsafe_file`` unless it is a regular file of
    ours with one name, and :class:`InvalidInputError` ``not_editable`` if its format cannot be written exactly.
    """
    path = Path(name).absolute()
    with translated(f"reading {name}"):
        try:
            path = path.resolve(strict=True)
        except FileNotFoundError:
            raise NotFoundError("file_missing", f"there is no file {name}") from None
        data, about = _read(path)
    source = Source.decode(data)
    known, leaves, error = read_leaves(path.name, source)
    if error is not None:
        raise _not_editable(
            f"{name}, line {error.line}: {error.why}", "repair the file first; nothing was changed"
        )
    if known.token is None:
        raise _not_editable(f"{name} is not TOML, YAML, JSON or a .env file: it is not edited", _NOT_EDITED)
    if source.codec != "utf-8":
        raise _not_editable(f"{name} is not UTF-8", "save it as UTF-8 first")
    return Target(path, data, about, source, leaves, known.leaves, known.token)


def replace(target: Target, data: bytes) -> None:
    """Put *data* in the place of what was read, with the mode and group of before: the old content or the new one,
    whatever happens.

    The new file is written beside the old one under ``.NAME.palyra`` (0600 until it is complete). A file that was
    changed since it was read is left alone: :class:`ConflictError` ``file_changed``. An editor that saves within the
    few microseconds after that check loses what it saved.
    """
    temporary = target.path.with_name(f".{target.path.name}.palyra")
    with translated(f"writing {target.path}"):
        temporary.unlink(missing_ok=True)  # of a run that was killed
        try:
            _create(temporary, data, target.about)
            check_unchanged(target)
            os.replace(temporary, target.path)  # noqa: PTH105  # beside os.open and os.fsync
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        fsync_folder(target.path.parent)


def check_unchanged(target: Target) -> None:
    """Raise :class:`ConflictError` ``file_changed`` unless the file is the one that was read, byte for byte."""
    data, about = _read(target.path)
    if data != target.data or not os.path.samestat(about, target.about):
        raise ConflictError(
            "file_changed", f"{target.path} was changed meanwhile", hint="run the same command again"
        )


def _read(path: Path) -> tuple[bytes, os.stat_result]:
    fd = os.open(path, READ_FLAGS)
    with os.fdopen(fd, "rb") as file:
        about = os.fstat(fd)
        _judge(path, about)
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise _not_editable(
            f"{path} is larger than {MAX_BYTES} bytes", "split it, or move the values by hand"
        )
    return data, about


def _judge(path: Path, about: os.stat_result) -> None:
    if not stat.S_ISREG(about.st_mode):
        raise _unsafe(f"{path} is not a regular file", "name the file itself")
    if sys.platform == "win32":
        return
    if about.st_uid != os.geteuid():
        raise _unsafe(f"{path} belongs to another user (uid {about.st_uid})", "run this as that user")
    if about.st_nlink > 1:
        raise _unsafe(
            f"{path} has {about.st_nlink} names (hard links): the others would keep the values",
            "remove the other names first",
        )


def _create(path: Path, data: bytes, about: os.stat_result) -> None:
    fd = os.open(path, CREATE_FLAGS, 0o600)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view) :]
        if sys.platform != "win32":
            if os.fstat(fd).st_gid != about.st_gid:
                os.fchown(fd, -1, about.st_gid)
            os.fchmod(fd, stat.S_IMODE(about.st_mode))
        os.fsync(fd)
    finally:
        os.close(fd)


def _not_editable(message: str, hint: str) -> InvalidInputError:
    return InvalidInputError("not_editable", message, hint=hint)


def _unsafe(message: str, hint: str) -> DeniedError:
    return DeniedError("unsafe_file", message, hint=hint)

"""A folder of files that are created once, whole, and never changed.

A file is called ``NAME.new`` while it is made. Whoever dies meanwhile leaves that behind, and
:meth:`DurableObjects.names` has its name too: whoever collects what nothing refers to collects this as well, and nobody
guesses by its age whether a file is still being written.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from palyra_kernel.durable.files import create_file, move_file, read_file
from palyra_kernel.durable.folders import exists, fsync_folder, private_folder
from palyra_kernel.durable.oserrors import translated
from palyra_kernel.errors import ConflictError, NotFoundError, UnavailableError

_NEW = ".new"


class DurableObjects:
    """The files of the private folder *folder*, which must be there and is checked. Names are the caller's: they hold
    no separator and no dot. Safe for threads and processes. Errors besides those named below:
    :class:`UnavailableError` ``disk_full``, ``in_use``, ``os_error`` and the like, :class:`DeniedError`."""

    def __init__(self, folder: Path) -> None:
        self.folder = private_folder(folder, create=False)

    def create(self, name: str, data: bytes) -> None:
        """Create the file *name*, durably. Raises :class:`ConflictError` ``object_exists`` if it is there, is being
        made, or was being made when its writer died."""
        path, new = self.folder / name, self.folder / (name + _NEW)
        with translated(f"writing {path}"):
            try:
                create_file(new, data)
            except FileExistsError:
                raise _exists(path) from None
            except FileNotFoundError:
                self._check_folder()
                raise
            try:
                if exists(path):  # nobody else can put it there: that takes the file that we have just made
                    raise _exists(path)
                move_file(new, path)
            except BaseException:
                with suppress(OSError):  # a name that stays is one of names()
                    new.unlink(missing_ok=True)
                raise

    def read(self, name: str, *, limit: int) -> bytes | None:
        """The content of *name*, or None. Raises :class:`IntegrityError` ``file_too_large`` above *limit* bytes and
        :class:`UnavailableError` ``folder_missing``."""
        try:
            return read_file(self.folder / name, limit=limit)
        except NotFoundError:
            self._check_folder()
            return None

    def remove(self, names: Iterable[str]) -> None:
        """Remove the files, durably, and what is left of them; those that are not there are fine."""
        for name in names:
            for path in (self.folder / name, self.folder / (name + _NEW)):
                with translated(f"removing {path}"):
                    path.unlink(missing_ok=True)
        self._check_folder()
        with translated(f"removing from {self.folder}"):
            fsync_folder(self.folder)

    def names(self) -> set[str]:
        """The names of all files, also of those that are not whole: of what is being made, and of what died."""
        self._check_folder()
        with translated(f"listing {self.folder}"):
            return {name.removesuffix(_NEW) for name in os.listdir(self.folder)}  # noqa: PTH208  # names, not paths

    def _check_folder(self) -> None:
        """A folder that is gone is no empty one."""
        if not exists(self.folder):
            raise UnavailableError(
                "folder_missing", f"there is no folder {self.folder}", hint="put it back, or restore a backup"
            )


def _exists(path: Path) -> ConflictError:
    return ConflictError("object_exists", f"{path} exists; nothing was written")

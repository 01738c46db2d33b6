"""A new file that may become large: under another name until it is whole, and never over a file that is there."""

from __future__ import annotations

import hashlib
import os
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from palyra_kernel.durable.files import CREATE_FLAGS
from palyra_kernel.durable.folders import exists, fsync_folder
from palyra_kernel.durable.oserrors import translated
from palyra_kernel.errors import ConflictError, NotFoundError


class Target:
    """Use it in a ``with`` block: without :meth:`publish` nothing stays.

    A run that was killed leaves ``.NAME.new`` beside the file; the next run replaces it. Raises
    :class:`ConflictError` ``exists``, :class:`NotFoundError` ``folder_missing`` and what the system says.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.temporary = path.with_name(f".{path.name}.new")
        if not path.parent.is_dir():
            raise NotFoundError("folder_missing", f"there is no folder {path.parent}")
        _refuse(path)
        with translated(f"writing {path}"):
            self.temporary.unlink(missing_ok=True)
            self._fd = os.open(self.temporary, CREATE_FLAGS, 0o600)
            self._identity = _identity(os.fstat(self._fd))
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> None:
        """Append *data*."""
        self._hash.update(data)
        self.size += len(data)
        with translated(f"writing {self.path}"):
            view = memoryview(data)
            while view:
                view = view[os.write(self._fd, view) :]

    @property
    def digest(self) -> bytes:
        """The SHA-256 of what was written so far."""
        return self._hash.digest()

    def sync(self) -> None:
        """Make what was written durable, still under the other name."""
        with translated(f"writing {self.path}"):
            os.fsync(self._fd)
            self._check_in_place()

    def publish(self) -> None:
        """Give the file its name."""
        with translated(f"writing {self.path}"):
            self._check_in_place()
            self._close()
            _rename_to_new(self.temporary, self.path)
            fsync_folder(self.path.parent)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()  # Windows removes no open file
        with suppress(OSError):  # the next run replaces it
            if self._in_place():
                self.temporary.unlink()

    def _check_in_place(self) -> None:
        if not self._in_place():  # what is there now is not ours
            raise ConflictError("exists", f"another run is writing {self.path} too", hint="wait for it")

    def _in_place(self) -> bool:
        return exists(self.temporary) and _identity(os.lstat(self.temporary)) == self._identity

    def _close(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


def _rename_to_new(temporary: Path, path: Path) -> None:
    """Rename, but not over a file that came meanwhile."""
    if sys.platform != "win32":  # where renaming refuses by itself
        try:
            os.link(temporary, path)
        except FileExistsError:
            _refuse(path)
            raise
        except OSError:  # a file system without hard links: a USB stick
            _refuse(path)
        else:
            temporary.unlink()
            return
    try:
        temporary.rename(path)
    except FileExistsError:
        _refuse(path)
        raise


def _refuse(path: Path) -> None:
    if exists(path):
        raise ConflictError("exists", f"{path} exists already", hint="name another file")

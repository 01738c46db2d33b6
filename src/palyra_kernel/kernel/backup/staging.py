"""Where a restore happens: a folder beside the state root, which becomes the state root when all is well.

One rename brings the vault into being. Whatever kills a restore leaves this folder, which opens nothing and which
the next restore empties, and no half of a vault.
"""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from palyra_kernel.durable.folders import exists, fsync_folder, private_folder
from palyra_kernel.durable.lock import FileLock
from palyra_kernel.durable.oserrors import translated
from palyra_kernel.errors import ConflictError, InvalidInputError
from palyra_kernel.values.deadline import Deadline

_LOCK_SECONDS = 0.2
_TAKEN = (errno.ENOTEMPTY, errno.EEXIST)


class Staging:
    """The folder of one restore, and the lock that keeps a second one out of it."""

    def __init__(self, state_root: Path, lock: FileLock) -> None:
        self.state_root = state_root
        self.folder = _folder(state_root)
        self._lock = lock
        self._published = False

    def publish(self) -> None:
        """Make the folder the state root. Raises :class:`ConflictError` ``exists`` if there is one by now."""
        refuse_taken(self.state_root)
        self._lock.check_in_place()
        with translated(f"making {self.state_root}"):
            fsync_folder(self.folder)
            if sys.platform == "win32" and exists(self.state_root):
                self.state_root.rmdir()  # elsewhere renaming replaces an empty folder
            try:
                self.folder.rename(self.state_root)
            except OSError as error:
                if error.errno in _TAKEN:
                    raise taken(self.state_root) from None
                raise
            self._published = True
            fsync_folder(self.state_root.parent)

    def clear(self) -> None:
        """Remove the folder, unless it became the state root."""
        if not self._published and exists(self.folder):
            private_folder(self.folder, create=False)
            with translated(f"removing {self.folder}"):
                shutil.rmtree(self.folder)


@contextmanager
def staging(state_root: Path) -> Iterator[Staging]:
    """Make the folder, empty, for the block. Raises :class:`ConflictError` ``exists``,
    :class:`UnavailableError` ``locked`` while another restore is under way, :class:`DeniedError` ``unsafe_folder``."""
    refuse_taken(state_root)
    private_folder(_folder(state_root), create=True)
    lock = FileLock(state_root.with_name(f"{state_root.name}.restoring.lock"))
    try:
        with lock.held(Deadline.after(_LOCK_SECONDS)):
            lock.check_in_place()  # whoever had it before us may have removed it
            staged = Staging(state_root, lock)
            staged.clear()
            private_folder(staged.folder, create=True)
            try:
                yield staged
            finally:
                staged.clear()
                with suppress(OSError):  # Windows removes no open file; an empty one is in nobody's way
                    lock.path.unlink()
    finally:
        lock.close()


def refuse_taken(state_root: Path) -> None:
    """Raise :class:`ConflictError` ``exists`` unless *state_root* is absent, or an empty folder of ours."""
    if exists(state_root):
        private_folder(state_root, create=False)
        if os.path.ismount(state_root):
            raise InvalidInputError(
                "mount_point",
                f"{state_root} is a mount point, which no folder can take the place of",
                hint="restore to a folder inside it: --state-root",
            )
        with translated(f"reading {state_root}"), os.scandir(state_root) as entries:
            if any(entries):
                raise taken(state_root)


def taken(state_root: Path) -> ConflictError:
    """The error for a state root that is in use."""
    return ConflictError(
        "exists",
        f"{state_root} is not empty: a restore never touches what is there",
        hint="move it away, or restore to another --state-root",
    )


def _folder(state_root: Path) -> Path:
    return state_root.with_name(f"{state_root.name}.restoring")

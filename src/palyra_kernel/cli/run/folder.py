"""The folder of one run for values that a program wants as files: made for it, locked while it lives, removed after.

A run that was killed with -9 leaves its folder; nobody holds the lock in it then, and the next run removes it.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

from palyra_kernel.cli.outcome import tell
from palyra_kernel.config import Places
from palyra_kernel.durable.files import CREATE_FLAGS
from palyra_kernel.durable.folders import normal_path, private_folder
from palyra_kernel.durable.lock import FileLock
from palyra_kernel.durable.oserrors import translated
from palyra_kernel.errors import PalyraError
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.findings import Finding
from palyra_kernel.values.sensitive import SensitiveBytes

RUNTIME_VARIABLE = "XDG_RUNTIME_DIR"
_BASE = "palyra-run"
_LOCK = ".lock"
_TRIES = 5


class RunFolder:
    """A private folder whose lock is held."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, name: str, value: SensitiveBytes) -> Path:
        """Write *value* to a new file 0600; the value is wiped. Not synced: it need not outlive the run."""
        path = self.path / name
        with value, translated(f"writing the file for {name}"):
            fd = os.open(path, CREATE_FLAGS, 0o600)
            try:
                view = value.view()
                while view:
                    view = view[os.write(fd, view) :]
            finally:
                os.close(fd)
        return path


@contextmanager
def run_folder(places: Places) -> Iterator[RunFolder]:
    """Make the folder of this run in ``$XDG_RUNTIME_DIR``, which is memory and ends with the login, if that is a
    private folder of ours; else in the state root. Folders that dead runs left are removed first."""
    for base in _bases(places):
        for left in _runs(base):
            _remove_dead(left)
    base = private_folder(_preferred(places), create=True)
    stack = ExitStack()
    try:
        yield RunFolder(_locked(base, stack))
    finally:
        try:
            stack.close()
        except PalyraError as error:  # how the program ended counts more
            tell(f"palyra: {error.message}: remove it yourself")


def leftovers(places: Places) -> list[Finding]:
    """What doctor says of folders that dead runs left."""
    return [
        Finding(
            severity="warning",
            code="run_leftover",
            subject=str(folder),
            message="a `palyra run --file` that was killed left values here",
            hint=f"the next `palyra run --file` removes it; or rm -r {folder}",
        )
        for base in _bases(places)
        for folder in _runs(base)
        if not _alive(folder)
    ]


def _preferred(places: Places) -> Path:
    runtime = os.environ.get(RUNTIME_VARIABLE)
    if runtime and Path(runtime).is_absolute():  # a relative one is not to be used, says its specification
        with suppress(PalyraError):
            return private_folder(normal_path(runtime), create=False) / _BASE
    return places.state_root / _BASE


def _bases(places: Places) -> Iterator[Path]:
    """The folders of runs that are there and may be trusted."""
    for base in dict.fromkeys((_preferred(places), places.state_root / _BASE)):
        with suppress(PalyraError):
            yield private_folder(base, create=False)


def _locked(base: Path, stack: ExitStack) -> Path:
    """Make a folder and lock it; *stack* removes it. A run that starts beside us may take it for a dead one's before
    it is locked, and remove it: then another is made."""
    for tries_left in reversed(range(_TRIES)):
        folder = base / secrets.token_hex(8)
        try:
            with ExitStack() as own, translated("making the folder of this run"):
                os.mkdir(folder, 0o700)  # noqa: PTH102  # the mode at birth matters
                own.callback(_remove, folder)
                lock = FileLock(folder / _LOCK)
                own.callback(lock.close)
                own.enter_context(lock.held(Deadline.after(0)))
                own.callback(_empty, folder)
                stack.push(own.pop_all())
                return folder
        except PalyraError:
            if not tries_left:
                raise
    raise AssertionError  # not reached: the last try returns or raises


def _runs(base: Path) -> list[Path]:
    return [each for each in sorted(base.iterdir()) if each.is_dir() and not each.is_symlink()]


def _alive(folder: Path) -> bool:
    """Whether somebody holds its lock."""
    lock_file = folder / _LOCK
    if not lock_file.exists():
        return False
    try:
        with closing(FileLock(lock_file)) as lock, lock.held(Deadline.after(0)):
            return False
    except PalyraError as error:
        return error.code == "locked"


def _remove_dead(folder: Path) -> None:
    """Remove *folder* under its lock, so that one that is being made is not taken away from its living run."""
    with suppress(PalyraError):  # locked: it lives. Everything else is in nobody's way; doctor names it
        lock_file = folder / _LOCK
        if lock_file.exists():
            with closing(FileLock(lock_file)) as lock, lock.held(Deadline.after(0)):
                _empty(folder)
        _remove(folder)


def _empty(folder: Path) -> None:
    """Remove what a run wrote, while its lock is held. Windows keeps the lock's own file until it is closed.

    The program may have removed its folder, and something may be removing from it still. If a link stands in its
    place nothing behind that is touched."""
    with translated(f"removing {folder}"), suppress(FileNotFoundError):
        if folder.is_symlink():
            folder.unlink()
        for path in folder.iterdir():
            if path.name != _LOCK:
                _remove(path) if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)
        if sys.platform != "win32":
            _remove(folder)


def _remove(folder: Path) -> None:
    with translated(f"removing {folder}"), suppress(FileNotFoundError):
        shutil.rmtree(folder)

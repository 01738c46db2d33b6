"""Faults at the n-th system call of a running child: ``strace`` attached to it, so that SQLite's calls count too."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.children import WAIT, Child
from tests.faults.failing import Injector

_WRITE = ("error=EIO", "error=ENOSPC", "error=EDQUOT", "retval=0")
_SYNC = ("error=EIO", "error=ENOSPC")
_NAME = ("error=EIO", "error=ENOSPC", "error=EACCES")

FAULTS = {
    "write": _WRITE,  # Python's files
    "pwrite64": _WRITE,  # SQLite's
    "fsync": _SYNC,
    "fdatasync": _SYNC,
    "?rename,?renameat,renameat2": _NAME,  # a platform has one of them
    "?unlink": _NAME,
    "unlinkat": _NAME,  # rmtree's
    "ftruncate": ("error=EIO", "error=EACCES"),
    "openat": ("error=EACCES", "error=ENOSPC", "error=EMFILE"),
    "?mkdir,mkdirat": _NAME,
}
"""What can go wrong in which call; strace counts each name on its own. ``retval=0`` is a write that wrote nothing.
A count that is not true would be a disk that lies: nobody survives it."""

KILL = ("signal=SIGKILL",)


class Strace(Injector):
    """One of *faults* in turn, at a call of *calls*; with *paths*, only at one that names one of them."""

    def __init__(self, calls: str, faults: Sequence[str], log: Path, paths: Sequence[Path] = ()) -> None:
        if shutil.which("strace") is None:
            pytest.skip("apt-get install strace")
        self._calls = calls
        self._turn = 0
        self._faults = faults
        self._log = log
        self._only = [argument for path in paths for argument in ("-P", str(path))]

    @contextmanager
    def around(self, child: Child, which: int) -> Iterator[None]:
        fault = self._faults[self._turn % len(self._faults)]
        self._turn += 1
        tracer = subprocess.Popen(
            [
                *("strace", "-f", "-p", str(child.pid), "-o", str(self._log), *self._only),
                *("-e", f"trace={self._calls}", "-e", f"inject={self._calls}:{fault}:when={which}"),
            ],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )
        assert tracer.stderr is not None
        try:
            for line in tracer.stderr:
                if b"attached" in line:
                    break
            else:
                pytest.skip("strace may not attach to a process here: allow ptrace")
            yield
        finally:
            child.kill()
            tracer.stderr.close()
            tracer.wait(WAIT)

    def happened(self, said: list[str]) -> bool:
        text = self._log.read_text(errors="replace")
        return "(INJECTED)" in text or "killed by SIGKILL" in text

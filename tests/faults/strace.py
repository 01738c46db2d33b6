"""Faults at the n-th system call of a running child: ``strace`` attached to it, so that SQLite's calls count too."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_WRITE = ("error=EIO", "error=ENOSPC", "error=EDQUOT", "retval=0")
_NAME = ("error=EIO", "error=ENOSPC", "error=EACCES")

FAULTS = {
    "write": _WRITE,  # Python's files
    "pwrite64": _WRITE,  # SQLite's
    "fsync": ("error=EIO", "error=ENOSPC"),
    "fdatasync": ("error=EIO", "error=ENOSPC"),
    "rename,renameat,renameat2": _NAME,
    "unlink,unlinkat": _NAME,
    "ftruncate": ("error=EIO", "error=EACCES"),
    "openat": ("error=EACCES", "error=ENOSPC", "error=EMFILE"),
    "mkdir,mkdirat": _NAME,
}
"""What can go wrong in which call; strace counts each name on its own. ``retval=0`` is a write that wrote nothing. A count that is not true would be a disk that lies: nobody survives it."""

KILL = "signal=SIGKILL"


def need_strace() -> None:
    """Skip a test marked ``real`` where there is no strace."""
    if shutil.which("strace") is None:
        pytest.skip("apt-get install strace")


class Injection:
    """One fault, and whether it came to it."""

    def __init__(self, log: Path) -> None:
        self._log = log

    @property
    def happened(self) -> bool:
        """Whether there was an n-th call. Ask when the child is dead."""
        text = self._log.read_text(errors="replace")
        return "(INJECTED)" in text or "killed by SIGKILL" in text


@contextmanager
def injected(
    pid: int, calls: str, fault: str, which: int, log: Path, paths: Iterable[Path] = ()
) -> Iterator[Injection]:
    """Attach to *pid*: the *which*-th of *calls* from here on fails by *fault*. Ends when the child has ended.

    With *paths* only calls count that name one of them.
    """
    only = [argument for path in paths for argument in ("-P", str(path))]
    tracer = subprocess.Popen(
        [
            *("strace", "-f", "-p", str(pid), "-o", str(log), *only),
            *("-e", f"trace={calls}", "-e", f"inject={calls}:{fault}:when={which}"),
        ],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    assert tracer.stderr is not None
    try:
        line = tracer.stderr.readline()
        while line and b"attached" not in line:
            line = tracer.stderr.readline()
        if not line:
            pytest.skip("strace may not attach to a process here: allow ptrace")
        yield Injection(log)
    finally:
        tracer.stderr.close()
        tracer.wait(60)

"""Kills a backup or a restore before its first, second, third ... step, and runs it again over what is left.

``python -m tests.backup.killed backup|restore FOLDER`` prints how many steps it was killed at. Each run is a child
of this process, which has one thread and so may fork.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from palyra_kernel import NotFoundError
from palyra_kernel.durable.lock import FileLock
from palyra_kernel.kernel.backup import inspect_backup
from tests.backup.machines import Machine, Sheet

assert sys.platform != "win32"  # it forks

STEPS = ("open", "write", "fsync", "rename", "replace", "link", "unlink", "mkdir", "rmdir", "truncate")
VALUES = {"a": b"1", "b": b"2" * 5000}


class Countdown:
    """Dies before step number *last*: a call that changes a file, or a commit."""

    def __init__(self, last: int) -> None:
        self._left = last
        for name in STEPS:
            setattr(os, name, self._counted(getattr(os, name)))
        FileLock.check_in_place = self._counted(FileLock.check_in_place)  # type: ignore[method-assign]

    def _counted(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **options: Any) -> Any:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*arguments, **options)

        return counted


def survives(act: Callable[[], object], last: int) -> bool:
    """Run *act* in a child that dies before step *last*; whether it ended before that."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            Countdown(last)
            act()
            code = 0
        finally:
            os._exit(code)
    status = os.waitpid(pid, 0)[1]
    assert status in (0, signal.SIGKILL), f"step {last}: it failed, status {status}"
    return status == 0


def whole(machine: Machine, sheet: Sheet) -> None:
    with machine.open(sheet) as kernel:
        assert kernel.verify() == []
        assert {key: kernel.vault.get(key).reveal() for key in VALUES} == VALUES
        assert kernel.status().incarnation == 2


def kill_restores(base: Path) -> int:
    here, elsewhere = Machine(base / "here"), Machine(base / "elsewhere")
    sheet = here.make(**VALUES)
    here.backup()
    last = 0
    while not survives(lambda: elsewhere.restore(here.file, sheet), last := last + 1):
        if elsewhere.places.state_root.exists():
            whole(elsewhere, sheet)
            shutil.rmtree(elsewhere.places.state_root)
            continue
        with pytest.raises(NotFoundError, match="there is no vault"):
            elsewhere.open(sheet)
    whole(elsewhere, sheet)
    assert set(elsewhere.left()) <= {"config", "state"}
    return last - 1


def kill_backups(base: Path) -> int:
    here, elsewhere = Machine(base / "here"), Machine(base / "elsewhere")
    sheet = here.make(**VALUES)
    last = 0
    while not survives(here.backup, last := last + 1):
        assert set(here.left()) <= {"config", "state", "vault.backup", ".vault.backup.new"}
        if here.file.exists():
            inspect_backup(here.file, sheet.signer)
            here.file.unlink()
    assert here.left() == ["config", "state", "vault.backup"]
    elsewhere.restore(here.file, sheet)
    whole(elsewhere, sheet)
    return last - 1


def main(what: str, base: str) -> None:
    folder = Path(base)
    print(kill_backups(folder) if what == "backup" else kill_restores(folder))


if __name__ == "__main__":
    main(*sys.argv[1:])

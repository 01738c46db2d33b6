"""Starts the actor, and counts the copies of needles in everything of its memory that can be read."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import pytest

from tests.memory import actor


def masked(needle: bytes) -> str:
    return bytes(byte ^ actor.MASK for byte in needle).hex()


class Searched:
    """A running actor. Use it in a ``with`` block."""

    def __init__(self, base: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.memory.actor", str(base)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )

    def do(self, command: str, *arguments: str) -> None:
        """Have a command done."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(" ".join((command, *arguments)) + "\n")
        stdin.flush()
        assert stdout.readline() == "done\n", f"{command} failed"

    def copies(self, needles: Mapping[str, bytes]) -> dict[str, int]:
        """How often each needle is in memory; those that are not are left out."""
        found = dict.fromkeys(needles, 0)
        for area in self._areas():
            for name, needle in needles.items():
                found[name] += area.count(needle)
        return {name: count for name, count in found.items() if count}

    def _areas(self):
        process = Path("/proc") / str(self._process.pid)
        try:
            memory = (process / "mem").open("rb", buffering=0)
        except PermissionError:
            pytest.skip("this system does not let a parent read the memory of its child")
        with memory:
            for line in (process / "maps").read_text().splitlines():
                bounds, mode, *_ = line.split()
                if not mode.startswith("r") or line.endswith(("[vvar]", "[vsyscall]", "[vvar_vclock]")):
                    continue
                start, end = (int(bound, 16) for bound in bounds.split("-"))
                try:
                    memory.seek(start)
                    yield memory.read(end - start)
                except OSError:  # a page that is not backed by anything
                    continue

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.communicate()

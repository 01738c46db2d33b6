"""Where a scenario plays: throwaway places, the command line in this process, and children that may die."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from palyra_kernel.cli.start import run
from tests.support import Places

Haystacks = Iterator[tuple[str, "str | bytes"]]
Scenario = Callable[["Stage", bytes], Haystacks]
"""Does something with a canary, and yields what anybody gets to see of it: pairs of a label and content."""

SCENARIOS: dict[str, Scenario] = {}


def scenario(play: Scenario) -> Scenario:
    """Add *play* to those that every canary goes through. Its docstring says what is looked at."""
    SCENARIOS[play.__name__] = play
    return play


class Stage:
    """The places of one scenario. ``stage.palyra("secrets", "list")`` yields what the command printed."""

    def __init__(self, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.base = base
        self.places = Places(base)
        self.monkeypatch = monkeypatch
        self.options = (
            *("--state-root", str(self.places.state_root)),
            *("--config-dir", str(self.places.config_dir)),
        )

    def made(self) -> Stage:
        """This stage, with a vault."""
        outcome = list(self.palyra("init"))
        assert self.places.state_root.is_dir(), outcome
        return self

    def palyra(self, *arguments: str, stdin: bytes = b"") -> Haystacks:
        """Run a command in this process."""
        self.monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), "utf-8"))
        out, err = (
            io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace", write_through=True) for _ in "oe"
        )
        with redirect_stdout(out), redirect_stderr(err):
            code = run([*self.options, *arguments])
        shown = " ".join(arguments[:2])[:40]
        yield f"standard output of {shown!a} ({code})", out.buffer.getvalue()
        yield f"standard error of {shown!a} ({code})", err.buffer.getvalue()

    def child(self, script: str, value: bytes) -> subprocess.CompletedProcess[bytes]:
        """Run *script* in a Python of its own, which reads the canary from standard input and may dump core."""
        limited = 'ulimit -S -c "$(ulimit -H -c)"; exec "$@"'
        folder = self.base / "child"
        folder.mkdir(exist_ok=True)
        return subprocess.run(
            ["sh", "-c", limited, "sh", sys.executable, "-c", script, *self.options],
            input=value,
            capture_output=True,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            timeout=50,
            check=False,
        )

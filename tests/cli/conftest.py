"""The command line in throwaway folders: in this process for speed, as a real program where that matters."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from palyra_kernel.access.system import system_principal
from palyra_kernel.cli.start import run

OWN = f"principal:{system_principal()}"
"""The scope that belongs to whoever runs the tests, besides ``global``."""

ENTRY = (sys.executable, "-m", "palyra_kernel.cli")


class Outcome(NamedTuple):
    """What a run answered."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        return self.out.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> Any:
        return json.loads(self.err.splitlines()[-1])["error"]


class _Input(io.TextIOWrapper):
    """A standard input that may claim to be a terminal."""

    terminal = False

    def isatty(self) -> bool:
        return self.terminal


class Call:
    """``call("secrets", "list")`` runs the command in this process."""

    def __init__(self, base: Path, monkeypatch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[bytes]):
        self.base = base
        self.places = ("--state-root", str(base / "state"), "--config-dir", str(base / "config"))
        self._monkeypatch = monkeypatch
        self._capture = capture

    def __call__(
        self, *arguments: str, stdin: bytes | io.BytesIO = b"", terminal: bool = False, places: bool = True
    ) -> Outcome:
        stream = _Input(io.BytesIO(stdin) if isinstance(stdin, bytes) else stdin, encoding="utf-8")
        stream.terminal = terminal
        self._monkeypatch.setattr(sys, "stdin", stream)
        self._capture.readouterr()
        code = run([*(self.places if places else ()), *arguments])
        out, err = self._capture.readouterr()
        return Outcome(code, out, err.decode())

    def set(self, ref: str, value: bytes, *options: str) -> None:
        """Store *value* and insist that it worked."""
        outcome = self("secrets", "set", ref, "--allow-empty", *options, stdin=value)
        assert outcome.code == 0, outcome

    def reveal(self, ref: str) -> bytes:
        """The value behind *ref*."""
        outcome = self("secrets", "get", ref, "--reveal")
        assert outcome.code == 0, outcome
        return outcome.out


@pytest.fixture
def bare(tmp_path, monkeypatch, capsysbinary):
    """The command line before ``init``, in this process."""
    return Call(tmp_path, monkeypatch, capsysbinary)


@pytest.fixture
def call(bare):
    """The command line with a vault, in this process."""
    outcome = bare("init")
    assert outcome.code == 0, outcome
    return bare


class Program:
    """``palyra("secrets", "list")`` runs the real program in the vault of ``call``."""

    def __init__(self, places: tuple[str, ...]):
        self.places = places

    def argv(self, *arguments: str) -> list[str]:
        return [*ENTRY, *self.places, *arguments]

    def __call__(self, *arguments: str, stdin: bytes = b"", env: dict[str, str] | None = None) -> Outcome:
        done = subprocess.run(
            self.argv(*arguments),
            input=stdin,
            capture_output=True,
            env={**os.environ, **(env or {})},
            timeout=50,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr.decode())

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
        """Start it with pipes and leave it running."""
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        return subprocess.Popen(self.argv(*arguments), **{**pipes, **options})


@pytest.fixture
def palyra(call):
    """The real program."""
    return Program(call.places)


@pytest.fixture
def prompts(monkeypatch):
    """Answers for hidden prompts, in their order; an exception is raised instead."""
    import click.termui

    answers: list[str | BaseException] = []

    def answer(_prompt: str = "", **_options: Any) -> str:
        given = answers.pop(0)
        if isinstance(given, BaseException):
            raise given
        return given

    monkeypatch.setattr(click.termui, "hidden_prompt_func", answer)
    monkeypatch.setattr(click.termui, "visible_prompt_func", answer)
    return answers

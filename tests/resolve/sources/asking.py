"""Asking a source directly, as the resolver does."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from palyra_kernel.contracts.sources import SecretError, SecretSource, SourcePlace
from palyra_kernel.resolve.sources.exec import ExecSource
from palyra_kernel.resolve.sources.file import FileSource
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.secret_ref import SecretRef
from palyra_kernel.values.sensitive import SensitiveBytes

PATIENCE = 30.0

ECHO = """
import json, os, sys
with open(sys.argv[1], "ab") as starts:
    starts.write(b"x")
asked = json.load(sys.stdin)
assert asked["version"] == 1
json.dump({"version": 1, "values": {name: "value of " + name for name in asked["ids"]}}, sys.stdout)
"""
"""A command that answers a batch, and leaves a byte in the file that it is told for each start."""

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no handles of folders")


def answer(source: SecretSource, ref: Any, seconds: float = PATIENCE) -> SensitiveBytes | SecretError:
    """What *source* says to one reference."""
    parsed = SecretRef.parse(ref)
    return source.resolve([parsed], Deadline.after(seconds))[parsed]


def value(source: SecretSource, ref: Any) -> bytes:
    """The value, which there must be."""
    found = answer(source, ref)
    assert isinstance(found, SensitiveBytes), found
    return found.reveal()


def error(source: SecretSource, ref: Any, seconds: float = PATIENCE) -> SecretError:
    """The refusal or failure, which there must be."""
    found = answer(source, ref, seconds)
    assert isinstance(found, SecretError), "there is a value"
    return found


def files(*trusted: Path | str) -> FileSource:
    """A file source that trusts these folders."""
    return FileSource.open(SourcePlace(settings={"trusted_dirs": [str(folder) for folder in trusted]}))


def commands(**named: dict[str, Any]) -> ExecSource:
    """An enabled exec source; time is generous unless a test says otherwise."""
    table = {name: {"timeout_ms": 20_000, **settings} for name, settings in named.items()}
    return ExecSource.open(SourcePlace(settings={"enabled": True, "commands": table}))


def python(code: str, *arguments: str) -> list[str]:
    """A command line that runs *code*. Through a shell: a Python for tests often lies where everybody may write."""
    return ["/bin/sh", "-c", 'exec "$0" "$@"', sys.executable, "-I", "-S", "-c", code, *arguments]


def shell(script: str, **settings: Any) -> ExecSource:
    """A source with one command, ``exec://a``, that a shell interprets."""
    return commands(a={"command": ["/bin/sh", "-c", script], **settings})


def running(token: str) -> list[str]:
    """The processes with *token* in their command line."""
    listed = subprocess.run(
        ["/bin/ps", "-A", "-ww", "-o", "args="], capture_output=True, check=True, text=True
    )
    return [line for line in listed.stdout.splitlines() if token in line]


def wait_until(holds, what: str) -> None:
    """Look again until *holds* says yes; fail after a long while."""
    give_up = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < give_up, f"waited in vain: {what}"
        time.sleep(0.01)

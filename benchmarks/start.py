"""Whole processes: reading one secret beside the keyring command, and importing the package beside bare Python."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.measure import Pair

SCRIPTS = Path(sys.executable).parent


def pairs() -> Iterator[Pair]:
    """``keyring get`` runs on its null backend: what it costs to start, before any store is asked."""
    with tempfile.TemporaryDirectory() as folder:
        env = {
            **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
            "PALYRA_STATE_ROOT": str(Path(folder) / "state"),
            "PALYRA_CONFIG_DIR": str(Path(folder) / "config"),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        }
        palyra = str(SCRIPTS / "palyra")
        subprocess.run([palyra, "init"], env=env, check=True, stdout=subprocess.DEVNULL)
        subprocess.run(
            [palyra, "secrets", "set", "a"], env=env, check=True, input=b"v", stdout=subprocess.DEVNULL
        )
        python = sys.executable
        yield Pair(
            "palyra secrets get --reveal",
            _runs(env, palyra, "secrets", "get", "a", "--reveal"),
            "keyring get, null backend",
            _runs(env, str(SCRIPTS / "keyring"), "get", "service", "user"),
            3,
        )
        yield Pair(
            "import palyra_kernel",
            _runs(env, python, "-c", "import palyra_kernel"),
            "python",
            _runs(env, python, "-c", ""),
            3,
        )


def _runs(env: dict[str, str], *argv: str) -> Callable[[int], object]:
    return lambda _: subprocess.run(argv, env=env, check=False, capture_output=True)

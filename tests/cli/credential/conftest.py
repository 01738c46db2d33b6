"""The helpers as other programs start them: by name, from the PATH, with the vault named in the environment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

_PROXIES = ("http_proxy", "https_proxy", "all_proxy")


@pytest.fixture
def environment(call, tmp_path):
    """The variables of somebody whose vault is the one of ``call`` and whose home is empty."""
    home = tmp_path / "empty"
    home.mkdir()
    kept = {name: value for name, value in os.environ.items() if name.lower() not in _PROXIES}
    kept = {name: value for name, value in kept.items() if not name.startswith(("GIT_", "AWS_", "DOCKER_"))}
    return {
        **kept,
        "HOME": str(home),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PALYRA_STATE_ROOT": str(call.base / "state"),
        "PALYRA_CONFIG_DIR": str(call.base / "config"),
    }


@pytest.fixture
def ran(environment):
    """``ran(*argv, stdin=b"")`` runs a program and returns what it did."""

    def run(*argv, stdin=b"", **more):
        return subprocess.run(
            argv, input=stdin, capture_output=True, env={**environment, **more}, timeout=50, check=False
        )

    return run

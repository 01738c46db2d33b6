"""The program ``openssl``: the verifier that is not ours."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest


def openssl(folder: Path, *arguments: str) -> bool:
    """Whether ``openssl`` with *arguments*, in *folder*, ends well. Skips where there is none."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl is not installed: apt-get install openssl")
    done = subprocess.run([program, *arguments], cwd=folder, capture_output=True, check=False)
    return done.returncode == 0

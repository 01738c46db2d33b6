"""The real ``systemd-creds``, where it is."""

import os
import shutil
import subprocess
import sys

import pytest


@pytest.fixture
def encrypt():
    """Encrypt a value under a name: with the key of this machine, or, where only root may read that, with none."""
    if sys.platform != "linux" or shutil.which("systemd-creds") is None:
        pytest.skip("needs systemd-creds: apt-get install systemd")
    key = "host" if os.geteuid() == 0 else "tpm2-absent"

    def run(name, value):
        command = ["systemd-creds", "encrypt", f"--with-key={key}", f"--name={name}", "-", "-"]
        done = subprocess.run(command, input=value, capture_output=True, check=False)
        if done.returncode != 0:
            pytest.skip(f"needs systemd-creds that works here, as root: {done.stderr.decode().strip()}")
        return done.stdout

    return run

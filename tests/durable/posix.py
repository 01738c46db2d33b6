"""What these tests need of POSIX, with the type checker's consent for Windows."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("owners, modes and links of POSIX", allow_module_level=True)

STRANGER = 12_345

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")


def with_umask(umask, call, *args, **options):
    """Call under *umask*."""
    before = os.umask(umask)
    try:
        return call(*args, **options)
    finally:
        os.umask(before)


@contextmanager
def small_disk(size: str) -> Iterator[Path]:
    """A file system of its own of *size*, as mount takes it; skips where that is not allowed."""
    folder = Path(tempfile.mkdtemp())
    command = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "none", str(folder)]
    mounted = os.geteuid() == 0 and subprocess.run(command, capture_output=True, check=False).returncode == 0
    if not mounted:
        folder.rmdir()
        pytest.skip("only root, outside of most containers, can mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)
        folder.rmdir()

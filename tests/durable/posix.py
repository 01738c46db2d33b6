"""What these tests need of POSIX, with the type checker's consent for Windows."""

import os
import sys

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

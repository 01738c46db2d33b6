"""The real keychain that own_keychain.sh of palyra-backend-keychain made, through the program of macOS."""

import subprocess
import sys
from contextlib import contextmanager

import pytest

_NAME, _PASSWORD = "palyra-test.keychain-db", "palyra-test"
_MAKE = "sh plugins/backend_keychain/tests/own_keychain.sh"


def require_own_keychain():
    """Skip the test where another keychain is the default one: it is somebody's own."""
    asked = subprocess.run(["security", "default-keychain"], capture_output=True, text=True, check=False)
    if _NAME not in asked.stdout:
        pytest.skip(f"needs a keychain of its own: {_MAKE}")


@contextmanager
def unlocked_for_one(path):
    """It is unlocked, and no other process of the tests uses it meanwhile; *path* is theirs to lock."""
    if sys.platform != "win32":
        import fcntl

        with path.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            unlock()
            yield


def lock():
    _security("lock-keychain", _NAME)


def unlock():
    _security("unlock-keychain", "-p", _PASSWORD, _NAME)


def _security(*arguments):
    subprocess.run(["security", *arguments], check=True, timeout=60)

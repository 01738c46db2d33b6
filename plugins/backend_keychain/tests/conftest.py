"""A keychain of the test's own making on every system, at two depths; on macOS also a real one that is made for tests."""

import subprocess
import sys
from pathlib import Path

import keyring.backends.macOS
import pytest

from palyra_backend_keychain import _native, keychain
from palyra_kernel import BlobPlace, Deadline
from tests.conftest import places
from tests.mac.frameworks import Frameworks
from tests.mac.keychain import FakeKeychain

__all__ = ["places"]  # as for the tests of the kernel

collect_ignore_glob = [] if sys.platform == "darwin" else ["test_kc_real.py"]

OWN = "palyra-test.keychain-db"
MAKE = "sh plugins/backend_keychain/tests/own_keychain.sh"


@pytest.fixture(autouse=True)
def _first_use(monkeypatch):
    """No test has used the frameworks before."""
    monkeypatch.setattr(keychain, "_user", [])


@pytest.fixture
def mac(monkeypatch):
    """A Mac whose keychain answers in place of ``_native``."""
    fake = FakeKeychain()
    monkeypatch.setattr(keychain, "_native", fake)
    return fake


@pytest.fixture
def frameworks(monkeypatch):
    """A Mac whose frameworks answer: ``_native`` is the real one. All that it made must be released in the end."""
    fake = Frameworks(FakeKeychain())
    monkeypatch.setattr(_native, "SYSTEM", "darwin")
    monkeypatch.setattr(keyring.backends.macOS, "api", fake, raising=False)
    _native._api.cache_clear()
    yield fake
    _native._api.cache_clear()
    assert fake.alive == {}


@pytest.fixture
def real(monkeypatch, tmp_path_factory, _own_environment):
    """The keychain that own_keychain.sh made, unlocked, for one test at a time."""
    import fcntl

    monkeypatch.delenv("HOME")
    monkeypatch.setenv("HOME", str(Path("~").expanduser()))  # macOS finds keychains by it
    asked = subprocess.run(["security", "default-keychain"], capture_output=True, text=True, check=False)
    if OWN not in asked.stdout:
        pytest.skip(f"needs a keychain of its own: {MAKE}")
    with (tmp_path_factory.getbasetemp().parent / "keychain.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        security("unlock-keychain", "-p", "palyra-test", OWN)
        yield OWN
        security("unlock-keychain", "-p", "palyra-test", OWN)


def security(*arguments):
    """Run the program of macOS."""
    subprocess.run(["security", *arguments], check=True, timeout=60)


@pytest.fixture
def place(tmp_path):
    """Where a backend is opened that no contract opens."""
    return BlobPlace(folder=tmp_path, vault_id="0" * 32)


@pytest.fixture
def soon():
    """A deadline that no healthy call reaches."""
    return Deadline.after(30)

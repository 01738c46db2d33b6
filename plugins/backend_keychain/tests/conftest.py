"""A keychain of the test's own making on every system, at two depths; on macOS also a real one, made for tests."""

import sys
from pathlib import Path

import keyring.backends.macOS
import pytest

from palyra_backend_keychain import _native, keychain
from palyra_kernel import BlobPlace, Deadline
from tests.conftest import places
from tests.mac.frameworks import Frameworks
from tests.mac.keychain import FakeKeychain
from tests.mac.own import require_own_keychain, unlock, unlocked_for_one

__all__ = ["places"]  # as for the tests of the kernel

collect_ignore_glob = [] if sys.platform == "darwin" else ["test_kc_real.py"]


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
    """The keychain that own_keychain.sh made, unlocked, for one test at a time. What the test added is deleted."""
    monkeypatch.delenv("HOME")
    monkeypatch.setenv("HOME", str(Path("~").expanduser()))  # macOS finds keychains by it
    require_own_keychain()
    with unlocked_for_one(tmp_path_factory.getbasetemp().parent / "keychain.lock"):
        before = _native.items(None)[1]
        yield
        unlock()
        for service, account in set(_native.items(None)[1]) - set(before):
            _native.delete(service, account)


@pytest.fixture
def place(tmp_path):
    """Where a backend is opened that no contract opens."""
    return BlobPlace(folder=tmp_path, vault_id="0" * 32)


@pytest.fixture
def soon():
    """A deadline that no healthy call reaches."""
    return Deadline.after(30)

"""The real gnome-keyring, in a session of each test's own."""

import sys

import pytest

from tests.conftest import places
from tests.desktop import new_desktop, require_desktop

__all__ = ["places"]  # as for the tests of the kernel

collect_ignore_glob = [] if sys.platform == "linux" else ["test_*.py"]  # secretstorage is for Linux only


@pytest.fixture
def session(monkeypatch, _own_environment):
    """A bus without any service; the environment of this process names it."""
    require_desktop()
    with new_desktop() as desktop:
        for name, value in desktop.environment.items():
            if name != "PATH":
                monkeypatch.setenv(name, value)
        yield desktop


@pytest.fixture
def bare(session):
    """A gnome-keyring in which there is no keyring of ours."""
    session.start()
    return session


@pytest.fixture
def desktop(bare):
    """A gnome-keyring with our keyring, unlocked."""
    bare.make_keyring()
    return bare

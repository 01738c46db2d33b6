"""The real gnome-keyring, in a session of each test's own."""

import json
import sys

import pytest

from palyra_kernel.cli.start import run
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


class Palyra:
    """Runs a command on the vault of a test; returns what it says as JSON, or the code of its error and of its end."""

    out = ""

    def __init__(self, places, capture) -> None:
        self._folders = ("--state-root", str(places.state_root), "--config-dir", str(places.config_dir))
        self._capture = capture

    def __call__(self, *arguments):
        self._capture.readouterr()
        code = run([*self._folders, "-p", "file", "-p", "secretservice", "--json", *arguments])
        self.out, err = self._capture.readouterr()
        return (json.loads(err)["error"]["code"], code) if err else json.loads(self.out)


@pytest.fixture
def palyra(places, capfd):
    """The command on a vault with ``file`` and a slot for it."""
    with places.create(plugins=["file", "secretservice"], backend="file"):
        pass
    return Palyra(places, capfd)

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


@pytest.fixture
def palyra(places, capfd):
    """Runs a command on the vault of the test, which has ``file`` and a slot for it; returns what it says as JSON, or
    the code of its error and of its end."""
    with places.create(plugins=["file", "secretservice"], backend="file"):
        pass
    folders = ("--state-root", str(places.state_root), "--config-dir", str(places.config_dir))

    def call(*arguments):
        capfd.readouterr()
        code = run([*folders, "-p", "file", "-p", "secretservice", "--json", *arguments])
        said = capfd.readouterr()
        call.out = said.out
        return (json.loads(said.err)["error"]["code"], code) if said.err else json.loads(said.out)

    return call

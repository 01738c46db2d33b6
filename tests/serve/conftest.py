"""The apps of a daemon without its listeners, and a folder for one that is a process."""

from __future__ import annotations

import pytest

from palyra_kernel.kernel.kernel import BUILTINS
from palyra_kernel.plugins.manage import enable
from tests.serve.process import CONFIG
from tests.serve.world import World
from tests.support import Places


@pytest.fixture
def world(tmp_path):
    return World(tmp_path / "world")


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One for all tests of a file that change nothing in it."""
    return World(tmp_path_factory.mktemp("world"))


@pytest.fixture
def folder(tmp_path):
    """With a vault; the listeners take ports that are free."""
    places = Places(tmp_path)
    places.config_dir.mkdir(mode=0o700)
    enable(places.config_dir, "file", BUILTINS)
    places.create(plugins=None).close()
    (tmp_path / "config" / "palyra.toml").write_text(CONFIG)
    return tmp_path

"""A second backend beside ``file``, in folders of one test."""

import sys

import pytest

from tests import stranger


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder on the path where tests install plugins; their modules are forgotten afterwards."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    yield folder
    for name in [name for name in sys.modules if name.startswith("strange_")]:
        sys.modules.pop(name)


@pytest.fixture
def both(tmp_path, site):
    """Places whose kernels have ``file`` and ``acme_store``."""
    stranger.install(site)
    return stranger.BothPlaces(tmp_path)

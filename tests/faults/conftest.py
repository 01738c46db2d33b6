"""Faults are injected by fork, signals and tools of POSIX; Windows has its own tests beside each room."""

import sys

import pytest

from tests.stranger import KIND, install

collect_ignore_glob = ["test_*.py"] if sys.platform == "win32" else []


@pytest.fixture(autouse=True)
def stranger(tmp_path_factory, monkeypatch):
    """A second backend, for vaults that move."""
    monkeypatch.syspath_prepend(install(tmp_path_factory.mktemp("site")))
    yield
    sys.modules.pop(f"strange_{KIND}", None)

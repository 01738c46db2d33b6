"""A machine with a vault, and another one."""

import pytest

from tests.backup.machines import Machine


@pytest.fixture
def here(tmp_path):
    return Machine(tmp_path / "here")


@pytest.fixture
def elsewhere(tmp_path):
    return Machine(tmp_path / "elsewhere")

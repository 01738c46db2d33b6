"""A gateway over parts in memory, with a clock that the test moves."""

from __future__ import annotations

import pytest

from tests.identity.gateway import Gateway


@pytest.fixture
def gateway(tmp_path):
    return Gateway(tmp_path / "gateway")

"""A gateway with its doors open."""

from __future__ import annotations

import pytest

from tests.daemon.gateway import Gateway
from tests.daemon.running import running


@pytest.fixture
def gateway(tmp_path):
    return Gateway(tmp_path / "gateway")


@pytest.fixture
def daemon(gateway):
    with running(gateway.identity) as daemon:
        yield daemon

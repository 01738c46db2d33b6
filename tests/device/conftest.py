"""A gateway, its doors, and a machine that is no device yet."""

from __future__ import annotations

import pytest

from palyra_kernel.device import pairing
from tests.device.world import Gateway, Machine


@pytest.fixture
def gateway(tmp_path):
    return Gateway(tmp_path / "gateway")


@pytest.fixture
def machine(tmp_path, gateway):
    return Machine(tmp_path / "device", gateway)


@pytest.fixture
def doors(gateway):
    with gateway.open() as daemon:
        yield daemon


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """A pairing that nobody decides is not waited for as long as people need."""
    monkeypatch.setattr(pairing, "_WAIT_SECONDS", 20)

"""A gateway, its doors, a machine that is no device yet, and nodes that run leases."""

from __future__ import annotations

import pytest

from palyra_kernel.device import pairing
from palyra_kernel.values.deadline import Deadline
from tests.device.node_world import Node
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


@pytest.fixture
def made(tmp_path):
    """Start a node with some options."""
    nodes = []

    def make(**options):
        nodes.append(Node(tmp_path / "node", **options).start())
        return nodes[-1]

    yield make
    for node in nodes:
        for each in (node.toy, node.asking):
            each.gate.set()
        node.runner.close(Deadline.after(20))


@pytest.fixture
def node(made):
    return made()

"""A node at a real gateway, over real connections: taken, run, told, cut short, and back."""

from __future__ import annotations

import pytest

from palyra_kernel.values.deadline import Deadline
from tests.daemon.nodes.world import house_of, opened
from tests.daemon.until import until
from tests.device.lent import Laptop, working


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    base = tmp_path_factory.mktemp("house")
    with opened(base, create=True) as kernel, house_of(kernel, base, ping_seconds=0.5) as house:
        yield house


@pytest.fixture
def laptop(house, tmp_path):
    with opened(tmp_path / "laptop", create=True) as kernel:
        yield Laptop(kernel, house)


def ended(house, lease):
    return house.nodes.wait(lease.id, Deadline.after(30))


def test_a_lease_is_run_and_told(house, laptop):
    """Hazard H42: what was paired really works, over mutual TLS."""
    with working(laptop):
        laptop.grant()
        result = ended(house, laptop.ask(7))
        assert (result.lease.state, result.output) == ("succeeded", b'{"done":true}')
        assert laptop.ran == {7: 1}
        until(lambda: not laptop.node._journal.unsettled())

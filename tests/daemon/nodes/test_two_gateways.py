"""Two gateways on one store, and one that is started again."""

from __future__ import annotations

from queue import SimpleQueue
from typing import Any

import pytest

from palyra_kernel.access.system import system_principal
from palyra_kernel.values.deadline import Deadline
from tests.daemon.nodes.world import Node, house_of, opened


@pytest.fixture(scope="module")
def other(house):
    """A second process, as far as the store can tell, with a door of its own."""
    with opened(house.folder) as kernel, house_of(kernel, house.folder) as other:
        yield other
        other.hang_up()


def test_what_another_process_asks_for_is_handed_over_once(house, other):
    """Hazard H30: two gateways on one store handed the same work out twice."""
    node = house.node()
    same = Node(other, node.known)
    streams = [node.stream(), same.stream()]
    asked = set()
    for number in range(4):
        door = (house, other)[number % 2]
        asked.add(door.nodes.invoke(node.id, "echo", str(number).encode()).id)
    came: SimpleQueue[Any] = SimpleQueue()
    for stream in streams:
        stream.pour(came)
    lines = [came.get(timeout=20) for _ in asked]
    assert sorted(line["lease"]["id"] for _, line in lines) == sorted(asked)
    for number, (_, line) in enumerate(lines):
        (node, same)[number % 2].finish(line)  # whichever it came from: both stand on one store
    for lease in asked:
        assert house.nodes.wait(lease, Deadline.after(20)).lease.state == "succeeded"
    last = house.nodes.invoke(node.id, "echo")
    assert came.get(timeout=20)[1]["lease"]["id"] == last.id, "something was handed over twice"


def test_the_command_line_asks_and_a_gateway_hands_over(house, other):
    """Hazard H31: work waited for the next heartbeat. Here a process asks that has no door at all."""
    node = house.node()
    stream = node.stream()
    with opened(house.folder) as kernel, kernel.session(system_principal()) as session:
        lease = session.nodes.invoke(node.id, "echo", b"1")
        line = stream.next("lease")
        node.finish(line, b"2")
        assert session.nodes.wait(lease.id, Deadline.after(20)).output == b"2"
    told = other.kernel.nodes.asking.find(lease.id)
    assert told.state == "succeeded"


def test_a_revocation_by_another_process_reaches_the_stream(house, other):
    """Hazard H34: what another process revoked was not seen."""
    node = house.node()
    stream = node.stream()
    (grant,) = other.nodes.show(node.id).grants
    other.nodes.revoke_grant(node.id, grant.id)
    assert stream.next("revoked")["capability"] == "echo"
    other.session().devices.revoke(node.id, "lost")
    assert stream.until_cut() >= 0


def test_what_waits_survives_a_restart(tmp_path):
    """Hazard H30: rows stuck behind a restart. What was handed over before it is not handed over again."""
    with opened(tmp_path, create=True) as kernel, house_of(kernel, tmp_path) as house:
        node = house.node()
        stream = node.stream()
        begun = house.nodes.invoke(node.id, "echo", b"1")
        line = stream.next("lease")
        waiting = house.nodes.invoke(node.id, "echo", b"2", timeout_ms=120_000)
        second = stream.next("lease")
        house.hang_up()
    with opened(tmp_path) as kernel, house_of(kernel, tmp_path) as house:
        again = Node(house, node.known)
        stream = again.stream()
        assert stream.hello["held"] == sorted([begun.id, waiting.id])
        third = house.nodes.invoke(node.id, "echo", b"3")
        assert stream.next("lease")["lease"]["id"] == third.id
        again.finish(line)
        again.finish(second)
        assert house.nodes.lease(begun.id).lease.state == "succeeded"
        house.hang_up()

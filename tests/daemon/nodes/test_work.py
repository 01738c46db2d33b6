"""Work reaches a node over its stream, once, and counts for who asked."""

from __future__ import annotations

import socket
from base64 import b64decode, b64encode

import pytest

from palyra_kernel.access.member import Grants
from palyra_kernel.daemon.wires import keep_watch_of
from palyra_kernel.errors import ConflictError, DeniedError, InvalidInputError
from palyra_kernel.values.deadline import Deadline
from tests.daemon.until import until


def over(house, lease):
    return house.nodes.wait(lease.id, Deadline.after(20))


def test_who_may_asks_and_the_node_is_told_at_once(house):
    """Hazard H28: asking a node needed the certificate of that node itself, so its owner could not."""
    node = house.node()
    stream = node.stream()
    assert (stream.hello["device"], stream.hello["held"]) == (node.id, [])
    lease = house.nodes.invoke(node.id, "echo", b'{"say":"hi"}')
    line = stream.next("lease")
    assert line["lease"]["id"] == lease.id
    assert (line["lease"]["capability"], b64decode(line["input"])) == ("echo", b'{"say":"hi"}')
    assert line["lease"]["holder"] == stream.hello["holder"]
    node.finish(line, b'{"say":"hi"}')
    result = over(house, lease)
    assert (result.lease.state, result.output) == ("succeeded", b'{"say":"hi"}')


def test_a_device_without_a_permit_asks_nobody(house):
    """Hazard H28: whoever had a certificate could have another device do things."""
    node = house.node()
    codes = {}
    for kind in ("node", "desktop", "cli"):
        other = f"device:{house.gateway.paired(kind).id}"
        for granted in ((), ("NodeInvoke",)):
            house.session().principals.grant(other, Grants(roles=("Operator",), capabilities=granted))
            try:
                house.session(other).nodes.invoke(node.id, "echo")
            except DeniedError as error:
                codes[kind, granted] = error.code
    assert codes == {
        ("node", ()): "policy.baseline_deny",
        ("desktop", ()): "policy.baseline_deny",
        ("cli", ()): "policy.baseline_deny",
        ("node", ("NodeInvoke",)): "wrong_device_kind",
    }


def test_one_effect_for_one_key(house):
    """Hazard H31: a key for repeats was demanded and never looked at."""
    node = house.node()
    stream = node.stream()
    first = house.nodes.invoke(node.id, "echo", b"1", key="order-1")
    assert house.nodes.invoke(node.id, "echo", b"1", key="order-1").id == first.id
    with pytest.raises(ConflictError) as reused:
        house.nodes.invoke(node.id, "echo", b"2", key="order-1")
    assert reused.value.code == "key_reused"
    node.finish(stream.next("lease"), b"1")
    assert over(house, first).output == b"1"
    again = house.nodes.invoke(node.id, "echo", b"1", key="order-1")
    assert (again.id, house.nodes.lease(again.id).output) == (first.id, b"1")
    last = house.nodes.invoke(node.id, "echo", b"3")
    assert stream.next("lease")["lease"]["id"] == last.id, "the repeats were handed over"


def test_sizes_are_the_gateways(house):
    """Hazard H31: the largest payload was advice to the node, and nobody's rule."""
    node = house.node()
    stream = node.stream()
    with pytest.raises(InvalidInputError) as large:
        house.nodes.invoke(node.id, "echo", b"x" * 65_537)
    assert large.value.code == "input_too_large"
    lease = house.nodes.invoke(node.id, "echo")
    line = stream.next("lease")
    assert node.say(line, "acknowledged")[0] == 200
    status, said = node.say(line, "succeeded", output=b64encode(b"x" * 65_537).decode())
    assert (status, said["error"]["code"]) == (413, "output_too_large")
    status, _ = node.ask("POST", f"/v1/node/leases/{lease.id}", raw=b"x" * 200_000)
    assert status == 413
    assert node.say(line, "running")[0] == 200
    assert node.say(line, "succeeded", output=b64encode(b"x" * 65_536).decode())[0] == 200


def test_who_comes_too_late_gets_nothing(house):
    """Hazard H30: work that timed out ran later, and its result made a success of the timeout."""
    node = house.node()
    queued = house.nodes.invoke(node.id, "echo", timeout_ms=1_000)
    assert over(house, queued).lease.state == "expired"
    stream = node.stream()
    lease = house.nodes.invoke(node.id, "echo", timeout_ms=1_000)
    line = stream.next("lease")
    assert line["lease"]["id"] == lease.id, "what timed out was handed over"
    assert node.say(line, "acknowledged")[0] == 200
    assert over(house, lease).lease.state == "expired"
    house.kernel.nodes.tend()
    assert stream.next("cancel")["lease"] == lease.id
    status, said = node.say(line, "succeeded", output=b64encode(b"late").decode())
    assert (status, said["error"]["code"]) == (410, "lease_over")
    assert over(house, lease).output is None


def test_whoever_calls_it_off_reaches_the_node(house):
    node = house.node()
    stream = node.stream()
    lease = house.nodes.invoke(node.id, "echo")
    line = stream.next("lease")
    assert node.say(line, "acknowledged")[0] == 200
    house.nodes.cancel(lease.id, "not needed")
    assert stream.next("cancel")["lease"] == lease.id
    assert node.say(line, "running")[0] == 410
    assert "not needed" in over(house, lease).lease.ended


def test_the_newest_stream_wins_and_knows_what_the_device_has(house):
    """Hazard H30: rows stuck behind a connection that was gone."""
    node = house.node()
    first = node.stream()
    lease = house.nodes.invoke(node.id, "echo")
    line = first.next("lease")
    second = node.stream()
    assert first.next("over")
    assert second.hello["held"] == [lease.id]
    node.finish(line)
    assert over(house, lease).lease.state == "succeeded", "the token of the old stream is that of its leases"
    house.nodes.invoke(node.id, "echo")
    assert second.next("lease")["lease"]["holder"] == second.hello["holder"]
    until(lambda: len(house.lending.streams._open) >= 1)


def test_said_again_is_answered_again(house):
    """Hazard H11: an answer that was lost made an error of whatever was sent again."""
    node = house.node()
    stream = node.stream()
    house.nodes.invoke(node.id, "echo")
    line = stream.next("lease")
    for _ in range(2):
        assert node.say(line, "acknowledged") == (200, {"state": "acknowledged"})
    assert node.say(line, "awaiting_local") == (200, {"state": "awaiting_local"})
    for _ in range(2):
        assert node.say(line, "running") == (200, {"state": "running"})
    assert node.say(line, "acknowledged")[0] == 409
    assert node.say(line, "failed", error="consent_denied") == (200, {"state": "failed"})
    assert node.say(line, "failed", error="consent_denied")[0] == 410


def test_nobody_waits_for_ever(house):
    """Hazard H30: those who waited were never taken from the list."""
    node = house.node()
    before = len(house.kernel.nodes.waiters)
    stream = node.stream()
    lease = house.nodes.invoke(node.id, "echo")
    node.finish(stream.next("lease"))
    over(house, lease)
    stream.close()
    until(lambda: len(house.kernel.nodes.waiters) <= before)
    until(lambda: node.id not in house.lending.streams._open)


def test_no_piece_of_an_answer_waits():
    """Hazard H31: a dispatch took whatever the next heartbeat left of its second. Between the head and the body of an
    answer TCP waits for 40 ms, unless it is told not to."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()),
        server.accept()[0] as accepted,
    ):
        keep_watch_of(accepted)
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

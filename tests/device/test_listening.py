"""A stream that says what no gateway says: what counts is checked here, line by line."""

from __future__ import annotations

import json
from base64 import b64encode

import pytest

from palyra_kernel.device.listening import Listening
from palyra_kernel.errors import DeniedError
from palyra_kernel.values.digest import sha256
from tests.device.node_world import DEVICE, OTHER_DEVICE, Node, lease_id


class Stream:
    """The lines that a link gives."""

    def __init__(self, *lines) -> None:
        self._lines = lines
        self.closed = False

    def lines(self, path, **_):
        assert path == "/v1/node/work"
        return (each if isinstance(each, bytes) else json.dumps(each).encode() for each in self._lines)

    def close(self):
        self.closed = True


def text(raw):
    return b64encode(raw).decode()


def lease(number=1, body=b'{"lease":1}', **changed):
    facts = {
        "id": lease_id(number),
        "device": DEVICE,
        "capability": "toy",
        "input_digest": text(sha256(body)),
        "deadline_ms": 1,
        "left_ms": 60_000,
        "key": "one",
        "invoker": "user:1000",
        "holder": text(b"token"),
    }
    return {"type": "lease", "lease": facts | changed, "input": text(body), "grant": text(b"signed")}


@pytest.fixture
def node(tmp_path):
    return Node(tmp_path).start()


def heard(node, *lines):
    """What *lines* led to."""
    told: list[object] = []
    listening = Listening(
        DEVICE,
        node.runner,
        lambda grants: told.append(("grants", grants)),
        lambda: told.append("up"),
        told.append,
        lambda: told.append("ping"),
    )
    listening.run(Stream({"type": "hello", "device": DEVICE, "grants": text(b"all")}, *lines))
    assert told[:2] == [("grants", b"all"), "up"]
    return told[2:]


def test_the_lease_of_another_device_is_refused(node):
    """Hazard H26: nothing looked at whose work it was."""
    heard(node, lease(device=OTHER_DEVICE))
    assert (node.last().state, node.last().code, node.last().holder) == ("refused", "foreign_work", b"token")
    assert not node.ran


def test_an_input_that_was_changed_is_refused(node):
    heard(node, lease(input_digest=text(bytes(32))))
    assert node.last().code == "input_changed"
    assert not node.ran


def test_a_lease_that_comes_twice_runs_once(node):
    """Hazard H30: what was delivered again ran again."""
    heard(node, lease(), lease())
    node.wait()
    assert node.ran == {1: 1}


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"[]",
        b'{"type":1}',
        b"\xff",
        {"type": "lease"},
        {"type": "cancel"},
        {"type": "of tomorrow"},
    ],
)
def test_a_line_that_is_none_harms_nobody(node, line):
    assert heard(node, line, {"type": "ping"}) == ["ping"]
    heard(node, lease())
    node.wait()
    assert node.ran == {1: 1}


def test_what_is_to_be_fetched_is_told(node):
    said = heard(
        node,
        {"type": "bundle", "number": 7},
        {"type": "renew"},
        {"type": "revoked", "capability": "toy", "grants": text(b"fewer")},
    )
    assert said == ["bundle", "renew", ("grants", b"fewer")]


def test_leases_that_the_gateway_does_not_know_of_are_called_off(node):
    """Hazard H30: after a restart of the gateway, nodes went on with what nobody waited for."""
    node.toy.gate.clear()
    heard(node, lease())
    assert node.toy.began.wait(20)
    heard(node)
    assert node.states()[-1] == "cancelled"


def test_a_stream_of_another_device_ends(node):
    listening = Listening(DEVICE, node.runner, print, print, print, print)
    with pytest.raises(DeniedError) as refused:
        listening.run(Stream({"type": "hello", "device": OTHER_DEVICE}))
    assert refused.value.code == "gateway_refused"


def test_one_that_was_closed_before_it_began_reads_nothing(node):
    stream = Stream({"type": "hello", "device": OTHER_DEVICE})
    listening = Listening(DEVICE, node.runner, print, print, print, print)
    listening.close()
    listening.run(stream)
    assert stream.closed

"""A lease on the node: what is checked before it runs, what is said of it, and how it ends."""

from __future__ import annotations

import threading

import msgspec
import pytest

from palyra_kernel.device.work import MAX_BYTES, accepted_work
from palyra_kernel.errors import DeniedError, InvalidInputError, UnavailableError
from tests.device.node_world import DEVICE, OTHER_DEVICE, Node, lease_id, work


def test_a_lease_runs_and_says_so_in_order(node):
    node.runner.offer(work())
    assert node.states() == ["acknowledged", "running", "succeeded"]
    assert node.last().output == b'{"done":true}'
    assert node.ran == {1: 1}


def test_offered_again_it_is_reported_and_not_run(node):
    """Hazard H31: an idempotency key was demanded and not used; a request that was sent again ran again."""
    node.toy.gate.clear()
    node.runner.offer(work())
    node.toy.began.wait(20)
    node.runner.offer(work())
    assert node.said[-1].state == "running"
    node.toy.gate.set()
    node.wait()
    for _ in range(3):
        node.runner.offer(work())
        assert node.last().state == "succeeded"
    node.runner.settled(lease_id(1))
    node.runner.offer(work())
    assert (node.last().state, node.last().code) == ("refused", "lease_settled")
    assert node.ran == {1: 1}


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"device": OTHER_DEVICE}, "foreign_work"),
        ({"lease": "not-a-ulid"}, "invalid_work"),
        ({"lease": lease_id(1).lower()}, "invalid_work"),
        ({"capability": "Toy"}, "invalid_work"),
        ({"capability": "../toy"}, "invalid_work"),
        ({"capability": "system.reboot"}, "capability_unknown"),
        ({"digest": bytes(32)}, "input_changed"),
        ({"digest": b""}, "input_changed"),
        ({"left_ms": -1}, "invalid_work"),
        ({"left_ms": 86_400_001}, "invalid_work"),
        ({"left_ms": 2**63}, "invalid_work"),
        ({"left_ms": 0}, "deadline"),
        ({"input": b'"' + b"x" * 65_536 + b'"'}, "input_too_large"),
        ({"input": b'"' + b"x" * 600_000 + b'"'}, "invalid_work"),
        ({"grant": bytes(65_537)}, "invalid_work"),
        ({"invoker": "x" * 513}, "invalid_work"),
        ({"holder": bytes(257)}, "invalid_work"),
    ],
)
def test_what_is_not_in_order_is_refused_and_leaves_nothing(node, changed, code):
    """Hazard H26: a node took requests that were another's. Hazard H31: sizes were advice. Hazard H30: what had no time
    left ran."""
    commits = node.store.commits
    node.runner.offer(work(**changed))
    assert (node.last().state, node.last().code) == ("refused", code)
    assert node.store.commits == commits
    assert not node.ran


def test_a_node_asks_for_the_grant_itself(made):
    """Hazard H27: revoking a capability was cosmetic: whoever reached the node with a request had it done."""

    def check(given):
        if given.grant != b"signed":
            raise DeniedError("grant_refused", "the gateway did not grant this")

    node = made(check_grant=check)
    node.runner.offer(work())
    assert (node.last().state, node.last().code) == ("refused", "grant_refused")
    node.runner.offer(work(2, grant=b"signed"))
    assert node.last().state == "succeeded"
    assert node.ran == {2: 1}


def test_an_id_is_one_lease(node):
    """Hazard H26: an answer was taken for another request than the one it was for."""
    node.runner.offer(work())
    node.wait()
    node.runner.offer(work(1, input=b'{"lease":7}'))
    assert (node.last().state, node.last().code) == ("refused", "lease_changed")
    assert node.ran == {1: 1}


def test_every_report_brings_the_word_of_its_holder(node):
    """Hazard H26: a result counts from the holder of the lease alone, also after a restart of the node."""
    node.runner.offer(work(7))
    node.runner.offer(work(8, capability="system.reboot"))
    node.wait()
    assert {report.lease: report.holder for report in node.said} == {
        lease_id(7): b"holder 7",
        lease_id(8): b"holder 8",
    }


def test_a_capability_that_is_not_there_now_fails_and_says_why(node):
    """Hazard H27: dispatch did not ask whether a capability was available."""
    node.toy.reason = "no screen"
    node.runner.offer(work())
    assert (node.last().state, node.last().code) == ("failed", "capability_unavailable")
    assert "no screen" in node.last().message
    assert not node.ran


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidInputError("invalid_input", "no word"), "invalid_input"),
        (UnavailableError("plugin_failed", "it failed"), "plugin_failed"),
        (ValueError("hunter2"), "internal"),
    ],
)
def test_a_failure_is_a_code(node, error, code):
    """Hazard H41: errors were free text, of any length."""
    node.toy.raises = error
    node.runner.offer(work())
    assert (node.last().state, node.last().code) == ("failed", code)
    assert "hunter2" not in str(node.said)


def test_a_message_is_bounded(node):
    """Hazard H41: a reason of a megabyte went into every list."""
    node.toy.raises = UnavailableError("long", "x" * 1_000_000)
    node.runner.offer(work())
    assert len(node.last().message) == 240


def test_a_connection_that_is_gone_ends_no_lease(tmp_path):
    """Hazard H19: the node host exited on a closed stream, and with it what it had begun."""
    node = Node(tmp_path / "node").start()
    hear = node.runner._report

    def gone(_):
        raise OSError("the connection is gone")

    node.runner._report = gone
    node.runner.offer(work())
    node.wait()
    node.runner._report = hear
    node.runner.report_again()
    assert [report.state for report in node.said] == ["succeeded"]
    assert node.ran == {1: 1}


def test_without_a_thread_a_lease_ends(node, monkeypatch):
    """Hazard H30: rows were stuck for ever in a state that nobody was in any more."""

    def start(_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    node.runner.offer(work())
    assert (node.last().state, node.last().code) == ("failed", "no_thread")


def test_work_comes_as_json():
    given = work()
    assert accepted_work(msgspec.json.encode(given), DEVICE) == given


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[" * 100_000,
        b"\xff",
        b"null",
        msgspec.json.encode(work()) + b" x",
        msgspec.json.encode(work()).replace(b"{", b'{"more":1,', 1),
        b" " * (MAX_BYTES + 1),
    ],
    ids=range(8),
)
def test_what_is_no_lease_is_refused(data):
    """Hazard H31: frames of 0 bytes and of 1 GB, and whatever is between."""
    with pytest.raises(InvalidInputError) as caught:
        accepted_work(data, DEVICE)
    assert caught.value.code == "invalid_work"

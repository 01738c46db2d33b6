"""A lease on the node: what is checked before it runs, what is said of it, and how it ends."""

from __future__ import annotations

import threading
import time

import msgspec
import pytest

from palyra_kernel.device.work import MAX_BYTES, LeaseDeadline, accepted_work
from palyra_kernel.errors import DeniedError, InvalidInputError, UnavailableError
from palyra_kernel.values.deadline import Deadline
from tests.device.node_world import DEVICE, OTHER_DEVICE, Node, lease_id, work


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


def test_only_so_many_run_at_once_and_the_others_wait(made):
    """A gateway that hands over everything at once ended the node, or made every lease late."""
    node = made(at_once=2, in_hand=3)
    node.toy.gate.clear()
    for number in (1, 2, 3, 4):
        node.runner.offer(work(number))
    assert [report.code for report in node.said if report.state == "refused"] == ["busy"]
    end = Deadline.after(20)
    while len(node.ran) < 2 and not end.expired:
        time.sleep(0.001)
    assert len(node.ran) == 2
    node.toy.gate.set()
    node.wait()
    assert node.ran == {1: 1, 2: 1, 3: 1}
    node.runner.offer(work(4))  # it was never taken, so it may come again
    assert node.last().state == "succeeded"


def test_who_waits_for_a_seat_and_is_called_off_does_not_run(made):
    """Hazard H30: what was cancelled in the queue ran when its turn came."""
    node = made(at_once=1)
    node.toy.gate.clear()
    node.runner.offer(work(1))
    node.toy.began.wait(20)
    node.runner.offer(work(2))
    node.runner.offer(work(3, left_ms=200))
    node.runner.cancel(lease_id(2))
    end = Deadline.after(20)
    while len(node.runner.under_way) > 1 and not end.expired:
        time.sleep(0.001)
    node.toy.gate.set()
    ends = {report.lease: report.state for report in node.wait() if report.final}
    assert ends == {lease_id(1): "succeeded", lease_id(2): "cancelled", lease_id(3): "expired"}
    assert node.ran == {1: 1}


def test_a_question_takes_no_seat(made):
    """Four questions that nobody answered kept the node from everything else."""
    free = threading.Event()
    node = made(at_once=1, consent=lambda given, call: free.wait(20))
    node.runner.offer(work(1, "asking"))
    node.runner.offer(work(2))
    end = Deadline.after(20)
    while node.ran != {2: 1} and not end.expired:
        time.sleep(0.001)
    free.set()
    node.wait()
    assert node.ran == {1: 1, 2: 1}


def test_what_was_revoked_meanwhile_does_not_begin(made):
    """Hazard H27: the grant was gone before the person at the node had answered."""
    granted = [True]

    def check(given):
        if not granted[0]:
            raise DeniedError("capability_not_granted", "not any more")

    def consent(given, call):
        granted[0] = False
        return True

    node = made(check_grant=check, consent=consent)
    node.runner.offer(work(capability="asking"))
    assert (node.last().state, node.last().code) == ("failed", "capability_not_granted")
    assert not node.ran


def test_what_is_revoked_is_called_off(made):
    """Hazard H27: a revoked capability went on running where it ran."""
    granted = {1, 2}

    def check(given):
        if int(given.lease[10:]) not in granted:
            raise DeniedError("capability_not_granted", "not any more")

    node = made(check_grant=check)
    node.toy.gate.clear()
    for number in (1, 2):
        node.runner.offer(work(number))
    granted.discard(1)
    node.runner.check_again()
    end = Deadline.after(20)
    while len(node.runner.under_way) > 1 and not end.expired:
        time.sleep(0.001)
    node.toy.gate.set()
    ends = {report.lease: report.state for report in node.wait() if report.final}
    assert ends == {lease_id(1): "cancelled", lease_id(2): "succeeded"}


def test_what_the_gateway_does_not_know_of_is_called_off(node):
    """Hazard H30: after a restart of one side, the other ran on for nobody."""
    node.toy.gate.clear()
    for number in (1, 2):
        node.runner.offer(work(number))
    node.runner.cancel_all(but={lease_id(2)})
    end = Deadline.after(20)
    while len(node.runner.under_way) > 1 and not end.expired:
        time.sleep(0.001)
    assert node.runner.under_way == (lease_id(2),)


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


def test_what_was_called_off_does_not_begin(made):
    """Hazard H30: work that was cancelled, or timed out, while it waited ran later."""
    asked = threading.Event()

    def consent(given, call):
        asked.set()
        call.wait(20)
        return True

    node = made(consent=consent)
    node.runner.offer(work(capability="asking"))
    asked.wait(20)
    node.runner.cancel(lease_id(1))
    assert node.states() == ["acknowledged", "awaiting_local", "cancelled"]
    assert not node.ran


@pytest.mark.parametrize("heeds", [True, False])
def test_what_runs_and_is_called_off_has_no_result(node, heeds):
    """Hazard H27: a lease that ran when its grant was revoked delivered its result all the same."""
    node.toy.gate.clear()
    node.toy.heeds = heeds
    node.runner.offer(work())
    node.toy.began.wait(20)
    node.runner.cancel(lease_id(1))
    node.toy.gate.set()
    assert node.last().state == "cancelled"
    assert node.last().output == b""


def test_a_result_behind_the_deadline_is_none(node):
    """Hazard H30: a late result turned what had timed out into a success."""
    node.toy.gate.clear()
    node.runner.offer(work(left_ms=300))
    node.toy.began.wait(20)
    assert node.last().state == "expired"
    assert node.last().output == b""


def test_a_machine_that_slept_does_not_begin_late(monkeypatch):
    """Hazard H30: a monotonic clock stands still while a laptop sleeps: the work of yesterday ran when it woke."""
    deadline = LeaseDeadline(60_000)
    assert deadline.may_begin()
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 61)
    assert not deadline.expired
    assert not deadline.may_begin()


@pytest.mark.parametrize("answer", [False, None, "yes", 1])
def test_only_a_plain_yes_agrees(made, answer):
    """Hazard H16: approve was pre-selected."""
    node = made(consent=lambda *_: answer)
    node.runner.offer(work(capability="asking"))
    assert (node.last().state, node.last().code) == ("failed", "consent_denied")
    assert not node.ran


def test_without_anybody_to_ask_the_answer_is_no(node):
    """Hazard H16: a prompt that timed out counted as agreement."""
    node.runner.offer(work(capability="asking"))
    assert (node.last().state, node.last().code) == ("failed", "consent_denied")
    assert not node.ran


def test_who_agrees_is_shown_the_work(made):
    shown = []

    def consent(given, call):
        shown.append(given)
        return True

    node = made(consent=consent)
    node.runner.offer(work(capability="asking"))
    assert node.states() == ["acknowledged", "awaiting_local", "running", "succeeded"]
    assert shown == [work(capability="asking")]


def test_a_question_that_fails_is_a_no(made):
    def consent(given, call):
        raise OSError("no terminal")

    node = made(consent=consent)
    node.runner.offer(work(capability="asking"))
    assert node.last().state == "failed"
    assert not node.ran


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


def test_who_stops_takes_nothing_and_calls_off_the_rest(node):
    node.toy.gate.clear()
    node.runner.offer(work())
    node.toy.began.wait(20)
    node.runner.close(Deadline.after(20))
    assert node.last().state == "cancelled"
    node.runner.offer(work(2))
    assert (node.last().state, node.last().code) == ("refused", "closed")


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

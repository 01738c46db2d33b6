"""Leases that wait, for a seat or for somebody to agree, and leases that are called off."""

from __future__ import annotations

import threading
import time

import pytest

from palyra_kernel.device.work import LeaseDeadline
from palyra_kernel.errors import DeniedError
from palyra_kernel.values.deadline import Deadline
from tests.device.node_world import lease_id, until, work


def test_only_so_many_run_at_once_and_the_others_wait(made):
    """A gateway that hands over everything at once ended the node, or made every lease late."""
    node = made(at_once=2, in_hand=3)
    node.toy.gate.clear()
    for number in (1, 2, 3, 4):
        node.runner.offer(work(number))
    assert [report.code for report in node.said if report.state == "refused"] == ["busy"]
    until(lambda: len(node.ran) == 2)
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
    until(lambda: len(node.runner.under_way) == 1)
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
    until(lambda: node.ran == {2: 1})
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
    until(lambda: len(node.runner.under_way) == 1)
    node.toy.gate.set()
    ends = {report.lease: report.state for report in node.wait() if report.final}
    assert ends == {lease_id(1): "cancelled", lease_id(2): "succeeded"}


def test_what_the_gateway_does_not_know_of_is_called_off(node):
    """Hazard H30: after a restart of one side, the other ran on for nobody."""
    node.toy.gate.clear()
    for number in (1, 2):
        node.runner.offer(work(number))
    node.runner.cancel_all(but={lease_id(2)})
    until(lambda: len(node.runner.under_way) == 1)
    assert node.runner.under_way == (lease_id(2),)


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


def test_what_was_agreed_to_after_the_machine_slept_does_not_begin(made, monkeypatch):
    """Hazard H30: the lid was closed over the question; the yes of the next morning was for work that was long over."""

    def consent(given, call):
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now + 61)
        return True

    node = made(consent=consent)
    node.runner.offer(work(capability="asking"))
    assert node.last().state == "expired"
    assert not node.ran


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


def test_who_stops_takes_nothing_and_calls_off_the_rest(node):
    node.toy.gate.clear()
    node.runner.offer(work())
    node.toy.began.wait(20)
    node.runner.close(Deadline.after(20))
    assert node.last().state == "cancelled"
    node.runner.offer(work(2))
    assert (node.last().state, node.last().code) == ("refused", "closed")

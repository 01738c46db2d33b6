"""What follows an approval: told of every state that it gets, in the commit in which it gets it."""

from __future__ import annotations

import pytest

from palyra_kernel.errors import ConflictError
from palyra_kernel.records import Change, Namespace
from tests.approvals.room import ALICE, ALLOW, BOB, DENY, Room

MARKS = Namespace("marks", guarded=False)


class Follower:
    """Notes each state in a record, as whoever follows does."""

    def __init__(self):
        self.refuses = ""

    def __call__(self, approval):
        if approval.state == self.refuses:
            raise ConflictError("pairing_over", "no")
        change = Change()
        change.put(MARKS.key(f"{approval.id}/{approval.state}"), approval.state.encode())
        return change


@pytest.fixture
def follower():
    return Follower()


@pytest.fixture
def room(tmp_path, follower):
    return Room(tmp_path, follow=follower)


def told(room, approval):
    prefix = MARKS.key(approval.id)
    return [document.decode() for _, document in room.records.scan(prefix, None, 10)]


@pytest.mark.parametrize(("verdict", "state"), [(ALLOW, "allowed"), (DENY, "denied")])
def test_an_answer_is_followed(room, verdict, state):
    asked = room.ask()
    assert told(room, asked) == []
    room.decide(asked.id, verdict)
    assert told(room, asked) == [state]


def test_an_answer_that_is_not_enough_is_not_followed(room):
    asked = room.ask(obligation={"quorum": 2})
    room.decide(asked.id, ALLOW, by=ALICE)
    assert told(room, asked) == []
    room.decide(asked.id, ALLOW, by=BOB)
    assert told(room, asked) == ["allowed"]


def test_what_cannot_be_followed_is_not_answered(room, follower):
    """Hazard H16: one of the two said yes, and the other knew nothing of it."""
    asked = room.ask()
    follower.refuses = "allowed"
    with pytest.raises(ConflictError, match="no"):
        room.decide(asked.id, ALLOW)
    assert room.state(asked.id) == "pending"
    room.decide(asked.id, DENY)
    assert told(room, asked) == ["denied"]


def test_taking_back_is_followed(room):
    waiting, granted = room.ask(), room.allowed({"other": 1})
    for each in (waiting, granted):
        room.approvals.cancel(each.id, by=ALICE)
    assert told(room, waiting) == ["cancelled"]
    assert told(room, granted) == ["allowed", "revoked"]


def test_time_is_followed_by_the_next_act(room):
    waiting, granted = room.ask(), room.allowed({"other": 1})
    room.clock.go(3_600)
    room.ask({"another": 1})
    assert told(room, waiting) == ["expired"]
    assert told(room, granted) == ["allowed", "expired"]


def test_other_policies_are_followed(room):
    before = room.ask()
    room.ask(policy="policy-2")
    assert told(room, before) == ["cancelled"]


def test_who_asked_takes_back_without_being_told(room):
    waiting, granted, other = room.ask(), room.allowed({"other": 1}), room.ask({"third": 1})
    room.records.commit(room.plans.withdraw([waiting.id, granted.id, "no such"]))
    assert [room.state(each.id) for each in (waiting, granted, other)] == ["cancelled", "revoked", "pending"]
    assert (told(room, waiting), told(room, granted)) == ([], ["allowed"])
    room.records.commit(room.plans.withdraw([waiting.id, granted.id]))
    assert room.usable({"other": 1}) is None


def test_a_use_is_not_told(room):
    granted = room.allowed()
    assert room.use() is not None
    assert told(room, granted) == ["allowed"]


def test_a_request_waits_no_longer_than_its_answer_is_of_use(room):
    from palyra_kernel.approvals import act
    from palyra_kernel.values.decisions import Obligation, RequireApproval
    from tests.approvals.room import ARGUMENTS, POLICY, asking

    needed = RequireApproval(obligation=Obligation(code="policy.explicit_approval_required"))
    asked = act(
        room.records,
        lambda: room.plans.request(
            asking(), needed, policy_digest=POLICY, arguments=ARGUMENTS, most_seconds=600
        ),
    )
    assert asked.until_ms - asked.asked_ms == 600_000

"""The seam: every verb goes through it, whoever calls and from wherever; and what is refused there does not happen."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

import pytest

from palyra_kernel.approvals import Approvals, Plan, act
from palyra_kernel.errors import ConflictError, DeniedError
from palyra_kernel.values.principals import Principal, Subject
from tests.approvals.room import ALICE, ALLOW, BOB, DENY, LIFE, QUICK, Room, secret

T = TypeVar("T")


class Session:
    """What a session does at the seam: decide, write down, commit once."""

    def __init__(self, room: Room) -> None:
        self.records = room.records
        self.asked: list[tuple[str, str]] = []
        self.refused = False

    def __call__(self, action: str, approval: str, plan: Callable[[], Plan[T]]) -> T:
        self.asked.append((action, approval))
        if self.refused:
            raise DeniedError("policy.baseline_deny", "no")
        return act(self.records, plan)


@pytest.fixture
def session(room):
    made = Session(room)
    room.approvals = Approvals(room.records, incarnation=LIFE, perform=made, clock=room.clock, cost=QUICK)
    return made


def verbs(room, id):
    """Every verb."""
    return {
        "approval.list": room.approvals.list,
        "approval.show": lambda: room.approvals.show(id),
        "approval.decide": lambda: room.decide(id),
        "approval.cancel": lambda: room.approvals.cancel(id, by=ALICE),
        "approval.passphrase": lambda: room.approvals.set_passphrase(secret("long enough"), by=ALICE),
    }


def test_every_verb_is_asked_about_first(room, session):
    """Hazard P7: some surfaces decided without an event, and without what follows from a decision."""
    asked = room.ask()
    for action, verb in verbs(room, asked.id).items():
        verb()
        assert session.asked.pop() == (action, "own" if action.endswith(("list", "passphrase")) else asked.id)
        assert session.asked == []


def test_what_is_refused_there_does_not_happen(room, session):
    """Hazard P7: nor is a guess at a passphrase counted by somebody who may not decide anyway."""
    asked = room.ask()
    before = room.records.check_head()
    session.refused = True
    for verb in verbs(room, asked.id).values():
        with pytest.raises(DeniedError) as caught:
            verb()
        assert caught.value.code == "policy.baseline_deny"
    assert room.records.check_head() == before


def test_a_refusal_of_the_room_is_seen_there_too(room, session):
    """Hazard S14: attempts that fail are attempts: whoever tries to decide about themselves is written down."""
    asked = room.ask(principal=ALICE.principal)
    with pytest.raises(DeniedError):
        room.decide(asked.id)
    assert session.asked == [("approval.decide", asked.id)]


def test_a_no_is_a_no(room):
    """Hazard P1: a human's no was thrown away for tools that were not sensitive."""
    for number, option in enumerate(("once", "session", "timeboxed")):
        asked = room.ask({"a": number}, obligation={"options": (option,), "max_ttl_seconds": 10**6})
        room.decide(asked.id, DENY)
        for seconds in (0, 299, 1, 10**6):
            room.clock.go(seconds)
            assert room.usable({"a": number}) is None
        assert room.state(asked.id) == "denied"


def test_nothing_but_a_grant_opens(room):
    """Hazard P4: a flag of the run skipped approvals. There is none: what is used was allowed by somebody."""
    room.ask({"a": 1})
    room.decide(room.ask({"a": 2}).id, DENY)
    room.approvals.cancel(room.ask({"a": 3}).id, by=BOB)
    room.allowed({"a": 4})
    usable = [number for number in range(6) if room.usable({"a": number})]
    assert usable == [4]
    assert len(room.usable({"a": 4}).approval.votes) == 1


def people(count: int) -> list[Subject]:
    return [Subject(principal=Principal.parse(f"user:{number}"), roles=("Owner",)) for number in range(count)]


def at_once(room, id, quorum):
    start = Barrier(8)

    def decide(by: Subject) -> str:
        start.wait(30)
        try:
            return str(room.decide(id, ALLOW, by=by).state)
        except ConflictError as error:
            return error.code

    with ThreadPoolExecutor(8) as pool:
        outcomes = sorted(pool.map(decide, people(8)))
    final = ["approval.final"] * (8 - quorum)
    assert outcomes == sorted([*final, "allowed", *["pending"] * (quorum - 1)])


@pytest.mark.parametrize("quorum", [1, 2, 5])
def test_eight_who_decide_at_once(room, quorum):
    """Hazard P5: each answer counts, or is told that it came too late; none is lost."""
    asked = room.ask(obligation={"quorum": quorum})
    at_once(room, asked.id, quorum)
    assert len(room.approvals.show(asked.id).votes) == quorum

"""Who may answer, how many of them it takes, and what their answers come to."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from palyra_kernel.approvals import Verdict
from palyra_kernel.approvals.deciding import statement
from palyra_kernel.errors import ConflictError, DeniedError, InvalidInputError
from palyra_kernel.values.principals import Principal, Subject
from tests.approvals.room import AGENT, ALICE, ALLOW, BOB, CAROL, DENY, Sure

OWN = {"principal": ALICE.principal}
TWO = {"quorum": 2}


def refused(act, error=DeniedError):
    with pytest.raises(error) as caught:
        act()
    return caught.value.code


@pytest.mark.parametrize("verdict", [ALLOW, DENY])
def test_the_requester_does_not_decide(room, verdict):
    """Hazard P3: the requester answered its own prompt."""
    asked = room.ask(**OWN)
    assert refused(lambda: room.decide(asked.id, verdict, by=ALICE)) == "approval.self_decision"
    assert room.decide(asked.id, verdict, by=BOB).votes[0].decider == "user:bob"


def test_nor_who_vouched_for_it(room):
    """Hazard P3: a service that speaks for a channel would approve what it says that the channel wants."""
    asked = room.ask(principal=Principal.parse("channel:chat:1"), vouched_by=ALICE.principal)
    assert refused(lambda: room.decide(asked.id, by=ALICE)) == "approval.self_decision"


def test_nor_anybody_in_its_session(room):
    """Hazard P3: the run stream that asked carried the answer."""
    asked = room.ask()
    assert refused(lambda: room.decide(asked.id, session="s1")) == "approval.self_decision"


def test_unless_the_obligation_says_so(room):
    """Hazard P3: one person alone has a proof that their programs lack, and still decides in a session of their own."""
    asked = room.ask(obligation={"self_decision": True}, **OWN)
    assert refused(lambda: room.decide(asked.id, by=ALICE, session="s1")) == "approval.self_decision"
    assert room.decide(asked.id, by=ALICE).state == "allowed"


@pytest.mark.parametrize(
    "by",
    [
        CAROL,
        Subject(principal=Principal.parse("user:dave")),
        *(
            Subject(principal=Principal.parse(f"{kind}:x"), roles=("Owner",))
            for kind in ("agent", "service", "token")
        ),
    ],
    ids=lambda by: str(by.principal),
)
def test_only_people_with_the_role(room, by):
    asked = room.ask()
    assert refused(lambda: room.decide(asked.id, by=by)) == "approval.not_an_approver"
    assert room.state(asked.id) == "pending"


def test_an_obligation_may_name_other_roles(room):
    asked = room.ask(obligation={"approvers": ("Operator",)})
    assert refused(lambda: room.decide(asked.id, by=ALICE)) == "approval.not_an_approver"
    assert room.decide(asked.id, by=CAROL).state == "allowed"


def test_what_is_kept_of_a_decision(room):
    """Hazard P3: no decider was stored."""
    verdict = Verdict(allow=True, reason="because")
    [vote] = room.decide(room.ask().id, verdict).votes
    assert (vote.decider, vote.method, vote.device, vote.reason) == (
        "user:alice",
        "test",
        "phone",
        "because",
    )
    assert vote.at_ms == room.clock()


class TestProof:
    """Hazard P3: a terminal is no proof, and a proof is of one answer."""

    def test_without_one(self, room):
        asked = room.ask()
        for verdict in (ALLOW, DENY):
            assert (
                refused(lambda verdict=verdict: room.decide(asked.id, verdict, proof=None))
                == "approval.proof_required"
            )
        assert room.state(asked.id) == "pending"

    @pytest.mark.parametrize(
        "change",
        [
            {"approval": "0" * 26},
            {"binding": "0" * 64},
            {"decider": BOB.principal},
            {"verdict": DENY},
            {"verdict": Verdict(allow=True, option="session")},
            {"verdict": Verdict(allow=True, ttl_seconds=5)},
            {"verdict": Verdict(allow=True, reason="another")},
        ],
        ids=str,
    )
    def test_of_something_else(self, room, change):
        class Other(Sure):
            def verify(self, statement):
                return super().verify(replace(statement, **change))

        asked = room.ask()
        assert refused(lambda: room.decide(asked.id, proof=Other(room.clock))) == "approval.proof_required"

    @pytest.mark.parametrize("age", [60.001, -0.001])
    def test_that_is_not_fresh(self, room, age):
        class Old(Sure):
            def verify(self, statement):
                proven = super().verify(statement)
                room.clock.go(age)
                return proven

        asked = room.ask()
        room.clock.go(1)
        assert refused(lambda: room.decide(asked.id, proof=Old(room.clock))) == "approval.proof_required"

    def test_it_is_not_asked_for_where_nothing_could_come_of_it(self, room):
        """A guess is counted; a refusal for another reason must not count one."""

        class Never(Sure):
            def verify(self, statement):
                raise AssertionError

        never, asked = Never(room.clock), room.ask(**OWN)
        assert refused(lambda: room.decide(asked.id, by=ALICE, proof=never)) == "approval.self_decision"
        wrong = Verdict(allow=True, option="timeboxed")
        assert (
            refused(lambda: room.decide(asked.id, wrong, by=BOB, proof=never), InvalidInputError)
            == "approval.ttl"
        )
        room.decide(asked.id, by=BOB)
        assert refused(lambda: room.decide(asked.id, by=BOB, proof=never), ConflictError) == "approval.final"


@pytest.mark.parametrize(
    "verdict", [Verdict(allow=True, option="timeboxed"), Verdict(allow=True, option="session")]
)
def test_a_proof_makes_no_answer_good(room, verdict):
    """Hazard P30: whoever plans by themselves, with a proof in hand, is checked the same."""
    asked = room.ask(obligation={"options": ("once", "timeboxed")})
    proven = Sure(room.clock).verify(statement(asked, ALICE.principal, verdict))
    with pytest.raises(InvalidInputError):
        room.plans.decide(asked.id, verdict, by=ALICE, session="desk", proven=proven)


class TestQuorum:
    """Separation of duties: k of n, each once."""

    def test_it_waits_for_all(self, room):
        asked = room.ask(obligation=TWO)
        assert room.decide(asked.id, by=ALICE).state == "pending"
        assert room.usable() is None
        assert room.decide(asked.id, by=BOB).state == "allowed"
        assert room.use() is not None

    def test_nobody_counts_twice(self, room):
        asked = room.ask(obligation=TWO)
        room.decide(asked.id)
        for verdict in (ALLOW, DENY):
            assert (
                refused(lambda verdict=verdict: room.decide(asked.id, verdict), ConflictError)
                == "approval.voted"
            )
        assert room.state(asked.id) == "pending"

    def test_one_no_is_enough(self, room):
        asked = room.ask(obligation=TWO)
        room.decide(asked.id, by=ALICE)
        assert room.decide(asked.id, DENY, by=BOB).state == "denied"
        assert room.usable() is None

    def test_the_narrowest_of_what_they_allow(self, room):
        asked = room.ask(obligation=TWO)
        room.decide(asked.id, Verdict(allow=True, option="timeboxed", ttl_seconds=30), by=ALICE)
        granted = room.decide(asked.id, Verdict(allow=True, option="session"), by=BOB)
        assert (granted.option, granted.until_ms - granted.since_ms) == ("session", 30_000)

    def test_time_does_not_begin_anew_with_each_vote(self, room):
        asked = room.ask(obligation=TWO)
        room.clock.go(3599)
        room.decide(asked.id)
        room.clock.go(1)
        assert refused(lambda: room.decide(asked.id, by=BOB), ConflictError) == "approval.expired"


class TestCancelling:
    """Stopping is for those whom it concerns."""

    def test_by_its_requester(self, room):
        asked = room.ask()
        assert room.approvals.cancel(asked.id, by=Subject(principal=AGENT)).state == "cancelled"

    def test_not_by_others(self, room):
        asked = room.ask()
        assert refused(lambda: room.approvals.cancel(asked.id, by=CAROL)) == "approval.not_yours"
        assert room.state(asked.id) == "pending"

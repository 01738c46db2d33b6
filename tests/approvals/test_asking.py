"""Asking twice is asking once; asking with other words is another question."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from palyra_kernel.approvals import Plan
from palyra_kernel.approvals.arguments import digest
from palyra_kernel.errors import ConflictError, DeniedError, IntegrityError, InvalidInputError
from palyra_kernel.records.verify import verify_records
from palyra_kernel.values.decisions import Obligation, RequireApproval
from palyra_kernel.values.principals import Principal
from tests.approvals.room import DENY, POLICY, Room, asking
from tests.support import Parts

NEEDED = RequireApproval(obligation=Obligation(code="policy.explicit_approval_required"))


def test_an_equal_question_is_the_same_one(room):
    """Hazard P30: no de-duplication: an agent in a loop filled the list."""
    asked = room.ask()
    before = room.records.check_head()
    assert [room.ask(session=f"s{number}").id for number in range(3)] == [asked.id] * 3
    assert room.records.check_head() == before
    assert len(room.approvals.list()) == 1


def test_equal_questions_at_once_are_one(room):
    """Hazard P30: by compare-and-set, not by looking first."""
    start = Barrier(16)

    def ask(number: int) -> str:
        start.wait(30)
        return str(room.ask(session=f"s{number}").id)

    with ThreadPoolExecutor(16) as pool:
        made = set(pool.map(ask, range(16)))
    assert len(made) == len(room.approvals.list()) == 1


def test_what_is_allowed_is_not_asked_again(room):
    granted = room.allowed()
    assert room.ask().id == granted.id


def test_the_same_key_is_the_same_id(room):
    """Hazard P30: no idempotency key. A client that lost the answer asks again, whatever happened meanwhile."""
    asked = room.ask(key="k")
    assert room.ask(key="k").id == asked.id
    room.decide(asked.id)
    room.use()
    assert room.ask(key="k").state == "consumed"
    assert room.ask(key="other").id != asked.id


def test_a_second_key_for_the_same_question(room):
    asked = room.ask(key="a")
    assert room.ask(key="b").id == asked.id
    room.decide(asked.id)
    room.use()
    assert room.ask(key="b").id == asked.id


def test_a_key_names_one_question(room):
    """Hazard P30: and another question under the same key is a mistake, never the answer to the first."""
    room.ask(key="k")
    with pytest.raises(ConflictError) as caught:
        room.ask({"other": 1}, key="k")
    assert caught.value.code == "approval.key_reused"


def test_keys_of_two_principals_are_two(room):
    asked = room.ask(key="k")
    assert room.ask(key="k", principal=Principal.parse("agent:other")).id != asked.id


@pytest.mark.parametrize("key", ["", "x" * 201, "a\nb", "a\0"])
def test_a_key_has_a_form(room, key):
    with pytest.raises(InvalidInputError) as caught:
        room.ask(key=key)
    assert caught.value.code == "approval.key"


@pytest.mark.parametrize("arguments", [None, {"a": 2}])
def test_the_human_sees_the_arguments_that_count(room, arguments):
    """Hazard P6: what is shown and what the grant is bound to are the same."""
    with pytest.raises(InvalidInputError) as caught:
        room.plans.request(asking({"a": 1}), NEEDED, policy_digest=POLICY, arguments=arguments)
    assert caught.value.code == "approval.other_arguments"


def test_an_act_without_arguments(room):
    asked = room.ask(None)
    assert asked.shown == ""
    room.decide(asked.id)
    assert room.use(arguments=None) is not None


def test_a_plan_changes_nothing_until_it_is_committed(room):
    """Hazard S14: what is done and what is written down are one commit, which is the session's."""
    plan = room.plans.request(asking(None), NEEDED, policy_digest=POLICY)
    assert isinstance(plan, Plan)
    assert room.approvals.list() == []
    plan.change.record(bytes(32))
    room.records.commit(plan.change)
    assert [each.id for each in room.approvals.list()] == [plan.result.id]


def test_a_grant_that_was_put_back_is_found(tmp_path):
    """Hazard S3: an index that is not authenticated: a grant that was used is put back, and used again."""
    parts = Parts(tmp_path / "room")
    room = Room(parts)
    room.allowed()
    before = {each.key: each for each in parts.store.scan(b"g/approval/", None, 10)}
    room.use()
    parts.store.shelf.records.update(before)
    with pytest.raises(IntegrityError) as caught:
        room.usable()
    assert caught.value.code == "set_tampered"


def test_a_damaged_document_is_refused(room):
    from palyra_kernel.approvals.ledger import LIVE
    from palyra_kernel.records import Change

    asked = room.ask()
    for document in (b"{}", b"no json", b"\xff"):
        change = Change()
        change.put(LIVE.key(asked.id), document)
        room.records.commit(change)
        with pytest.raises(IntegrityError) as caught:
            room.approvals.list()
        assert caught.value.code == "approval.damaged"


def test_after_a_whole_life_the_records_are_in_order(room):
    """And nothing is left among those that count."""
    room.allowed({"a": 1}, key="k")
    room.use(arguments={"a": 1})
    room.decide(room.ask({"a": 2}).id, DENY)
    room.ask({"a": 3})
    room.clock.go(3601)
    with pytest.raises(DeniedError):
        room.decide(room.ask({"a": 4}).id, proof=None)
    assert [each.binding.arguments for each in room.approvals.list()] == [digest({"a": 4})]
    assert verify_records(room.records) == []

"""From asking to the end: what may follow what, and that the end is the end."""

from __future__ import annotations

import pytest

from palyra_kernel.approvals import Terms, Verdict
from palyra_kernel.errors import ConflictError, DeniedError, InvalidInputError, NotFoundError
from tests.approvals.room import ALICE, ALLOW, BOB, DENY, Room


def refused(act, error=ConflictError):
    with pytest.raises(error) as caught:
        act()
    return caught.value.code


def test_a_request_waits_and_grants_nothing(room):
    """Hazard P2: a tool ran while its approval was pending."""
    asked = room.ask()
    assert asked.state == "pending"
    assert room.usable() is None
    assert [each.id for each in room.approvals.list()] == [asked.id]


def test_allowed_once_used_once(room):
    """Hazard P27: one allow granted for ever. Hazard S18: a reference that needs an approval could never be read."""
    asked = room.ask()
    assert room.decide(asked.id).state == "allowed"
    assert room.use().id == asked.id
    assert room.usable() is None
    assert room.state(asked.id) == "consumed"
    assert room.approvals.list() == []


@pytest.mark.parametrize("first", [ALLOW, DENY])
def test_decided_twice(room, first):
    """Hazard P5: approvals that were resolved could be overwritten."""
    asked = room.ask()
    before = room.decide(asked.id, first)
    for verdict in (ALLOW, DENY):
        assert refused(lambda verdict=verdict: room.decide(asked.id, verdict, by=BOB)) == "approval.final"
    assert room.approvals.show(asked.id) == before


def test_decided_late(room):
    """Hazard P29: what was pending never expired without somebody who was connected."""
    asked = room.ask()
    room.clock.go(3599)
    assert room.state(asked.id) == "pending"
    room.clock.go(1)
    assert room.state(asked.id) == "expired"
    assert refused(lambda: room.decide(asked.id)) == "approval.expired"


def test_what_expired_is_written_down_by_the_next_act(room):
    """Hazard P29: and a clock that is set back afterwards revives nothing."""
    asked = room.ask()
    room.clock.go(3600)
    room.ask({"another": "one"})
    room.clock.go(-3000)
    for reader in (room, Room(room.parts, room.clock)):
        assert reader.state(asked.id) == "expired"
    assert refused(lambda: room.decide(asked.id)) == "approval.expired"


def test_what_a_process_saw_expire_stays_so(room):
    asked = room.allowed()
    room.clock.go(900)
    assert room.usable() is None
    room.clock.go(-600)
    assert room.usable() is None
    assert room.state(asked.id) == "expired"


def test_a_clock_before_the_grant_is_wrong(room):
    """What is left of a time to live cannot be told by a clock that was set back."""
    room.allowed()
    room.clock.go(-1)
    assert room.usable() is None


def test_a_grant_expires(room):
    asked = room.allowed(verdict=Verdict(allow=True, ttl_seconds=60))
    room.clock.go(59)
    assert room.usable() is not None
    room.clock.go(1)
    assert room.usable() is None
    assert room.state(asked.id) == "expired"


def test_a_request_is_taken_back(room):
    asked = room.ask()
    assert room.approvals.cancel(asked.id, by=ALICE).state == "cancelled"
    assert refused(lambda: room.decide(asked.id)) == "approval.final"
    assert refused(lambda: room.approvals.cancel(asked.id, by=ALICE)) == "approval.final"


def test_a_grant_is_taken_back(room):
    """Hazard P27: a later no revokes."""
    asked = room.allowed(verdict=Verdict(allow=True, option="session"))
    grant = room.usable()
    assert room.approvals.cancel(asked.id, by=BOB).state == "revoked"
    assert room.usable() is None
    assert refused(lambda: room.records.commit(room.plans.consume(grant))) == "record_changed"


def test_a_later_no_takes_back_what_was_granted(room):
    """Hazard P27: a routine ran for ever on one old yes; a later no revokes."""
    granted = room.allowed(session="s1", verdict=Verdict(allow=True, option="session"))
    untouched = room.allowed({"other": 1})
    asked = room.ask(session="s2")
    assert room.usable(session="s1") is not None
    room.decide(asked.id, DENY)
    assert room.usable(session="s1") is None
    assert room.state(granted.id) == "revoked"
    assert room.usable({"other": 1}).id == untouched.id


def test_a_denial_is_remembered_for_a_while(room):
    """Hazard P28: a live denial was evicted. An agent that asks again at once meets it, and no new prompt."""
    asked = room.ask()
    room.decide(asked.id, DENY)
    for number in range(60):
        room.decide(room.ask({"other": number}).id, DENY)
    assert refused(room.ask, DeniedError) == "approval.denied"
    room.clock.go(299)
    assert refused(lambda: room.ask(session="s2"), DeniedError) == "approval.denied"
    room.clock.go(1)
    again = room.ask()
    assert again.state == "pending"
    assert again.id != asked.id
    assert room.state(asked.id) == "denied"


def test_how_long_a_denial_is_remembered_is_a_setting(tmp_path):
    room = Room(tmp_path / "room", terms=Terms(denied_seconds=0))
    room.decide(room.ask().id, DENY)
    assert room.ask().state == "pending"


def test_a_restart_changes_nothing(room):
    """Hazard P28: grants were lost on a restart."""
    waiting, denied = room.ask({"a": 1}), room.ask({"a": 2})
    room.decide(denied.id, DENY)
    room.allowed()
    again = Room(room.parts, room.clock)
    assert again.state(waiting.id) == "pending"
    assert refused(lambda: again.ask({"a": 2}), DeniedError) == "approval.denied"
    assert again.use() is not None


def test_another_life_of_the_vault_has_no_grants(room):
    """A restored vault does not know what was used up since: nothing that was handed out before counts."""
    waiting, granted = room.ask({"a": 1}), room.allowed()
    restored = Room(room.parts, room.clock, incarnation="life-2")
    assert restored.usable() is None
    assert restored.state(waiting.id) == restored.state(granted.id) == "expired"
    assert refused(lambda: restored.decide(waiting.id)) == "approval.expired"
    assert restored.ask({"a": 1}).id != waiting.id


def test_what_is_over_is_kept_for_a_month(room):
    old = room.allowed(key="the key")
    room.use()
    room.clock.go(29 * 86_400)
    middle = room.ask({"a": 1})
    assert [each.id for each in room.approvals.list(past=True)] == [old.id, middle.id]
    assert room.ask(key="the key").id == old.id
    room.clock.go(2 * 86_400)
    recent = room.ask({"a": 2}, key="another key")
    assert [each.id for each in room.approvals.list(past=True)] == [middle.id, recent.id]
    assert room.ask({"a": 3}, key="the key").state == "pending"
    assert refused(lambda: room.approvals.show(old.id), NotFoundError) == "approval.missing"


@pytest.mark.parametrize("id", ["", "nothing", "0" * 26, "turn", "01ARZ3NDEKTSV4RRFFQ69G5FAv", "../x"])
def test_an_unknown_one_is_missing(room, id):
    room.ask()
    for verb in (room.approvals.show, room.decide):
        assert refused(lambda verb=verb: verb(id), NotFoundError) == "approval.missing"


def test_too_many_requests_are_refused_and_none_is_dropped(room):
    """Hazard P28: arbitrary eviction. Who floods the human stops them from reading; so no more are taken."""
    waiting = [room.ask({"a": number}).id for number in range(50)]
    assert refused(lambda: room.ask({"a": 50}), DeniedError) == "approval.too_many"
    assert [each.id for each in room.approvals.list()] == sorted(waiting)
    room.approvals.cancel(waiting[7], by=ALICE)
    assert room.ask({"a": 50}).state == "pending"


@pytest.mark.parametrize("ttl", [0, -1, 10**9])
def test_a_timebox_needs_a_time(room, ttl):
    """Hazard P30: a timebox without a time to live was forgotten in silence."""
    asked = room.ask()
    verdict = Verdict(allow=True, option="timeboxed", ttl_seconds=ttl)
    assert refused(lambda: room.decide(asked.id, verdict), InvalidInputError) == "approval.ttl"
    assert room.state(asked.id) == "pending"

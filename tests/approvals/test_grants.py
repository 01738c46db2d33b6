"""What a grant is good for: exactly what was allowed, for as long and as often as it was allowed."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Barrier
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from palyra_kernel.approvals import Binding, Verdict
from palyra_kernel.approvals.arguments import digest
from palyra_kernel.errors import ConflictError, InvalidInputError
from palyra_kernel.values.decisions import Resource
from palyra_kernel.values.ids import now_ms
from palyra_kernel.values.principals import Principal
from tests.approvals.room import ARGUMENTS, Clock, Room
from tests.durable.processes import Process

SESSION = Verdict(allow=True, option="session")
TIMEBOXED = Verdict(allow=True, option="timeboxed", ttl_seconds=120)


@pytest.mark.parametrize("verdict", [Verdict(allow=True), SESSION, TIMEBOXED], ids=lambda v: v.option)
@pytest.mark.parametrize(
    ("arguments", "other"),
    [
        ({"argv": ["deploy", "--to", "production", "--force"]}, {}),
        ({"argv": ["deploy --to production"]}, {}),
        (None, {}),
        (ARGUMENTS, {"resource": Resource.parse("tool:shell2")}),
        (ARGUMENTS, {"resource": Resource.parse("skill:shell")}),
        (ARGUMENTS, {"action": "tool.read"}),
        (ARGUMENTS, {"action": "tool.execute.now"}),
        (ARGUMENTS, {"principal": Principal.parse("agent:planner2")}),
        (ARGUMENTS, {"principal": Principal.parse("service:planner")}),
        (ARGUMENTS, {"tool": None}),
        (ARGUMENTS, {"tool": "Shell"}),
        (ARGUMENTS, {"skill": "deploying"}),
        (ARGUMENTS, {"workspace": "w"}),
    ],
)
def test_a_grant_is_for_exactly_one_act(room, verdict, arguments, other):
    """Hazard P6: grants covered the whole tool. Hazard P32: `tool:fs.read` matched `tool:fs.read_file`."""
    room.allowed(verdict=verdict)
    assert room.usable(arguments, **other) is None
    assert room.usable() is not None


def test_every_part_of_a_binding_is_in_its_digest():
    """Hazard P6: a proof is of the digest; two acts with one digest would share their proofs."""
    one = Binding(principal="a", action="b", resource="c", arguments="d", tool="e", skill="f", workspace="g")
    others = [
        replace(one, **{name: value})
        for name in one.__struct_fields__
        for value in ("", "x", *([None] if name in ("tool", "skill", "workspace") else []))
    ]
    others += [replace(one, tool=None, skill="e"), replace(one, principal="ab", action=""), one]
    assert len({each.digest for each in others}) == len(others)


def test_other_policies_need_another_answer(room):
    """Hazard P6: the digest of the policies was stored and never compared."""
    granted = room.allowed(verdict=TIMEBOXED)
    assert room.usable(policy="policy-2") is None
    asked = room.ask(policy="policy-2")
    assert asked.state == "pending"
    assert asked.id != granted.id


def test_a_question_of_old_policies_is_not_asked_any_more(room):
    """Hazard P15: a human was asked in vain. What they would allow counts for nothing under the new policies."""
    old = room.ask()
    new = room.ask(policy="policy-2")
    assert new.id != old.id
    assert room.state(old.id) == "cancelled"
    room.decide(new.id)
    assert room.usable(policy="policy-2").id == new.id


def test_once_is_for_any_session_of_the_principal(room):
    """A program that asked, ended and was started again is in another session."""
    room.allowed()
    assert room.use(session="s2") is not None
    assert room.usable() is None


def test_a_session_grant_is_for_one_session_and_many_uses(room):
    room.allowed(verdict=SESSION)
    assert room.usable(session="s2") is None
    assert [room.use() is not None for _ in range(3)] == [True] * 3
    assert room.ask(session="s2").state == "pending"


def test_a_timebox_is_for_many_uses_and_sessions(room):
    room.allowed(verdict=TIMEBOXED)
    assert [room.use(session=f"s{number}") is not None for number in range(3)] == [True] * 3
    room.clock.go(120)
    assert room.usable() is None


def test_no_longer_than_the_obligation_allows(room):
    granted = room.allowed(
        verdict=Verdict(allow=True, option="timeboxed", ttl_seconds=86_400),
        obligation={"max_ttl_seconds": 60},
    )
    assert granted.until_ms - granted.since_ms == 60_000


def test_an_option_that_is_not_offered(room):
    asked = room.ask(obligation={"options": ("once",)})
    with pytest.raises(InvalidInputError) as caught:
        room.decide(asked.id, SESSION)
    assert caught.value.code == "approval.option"
    assert room.state(asked.id) == "pending"


def test_what_lasts_is_used_before_what_does_not(room):
    first = room.allowed(session="s2", verdict=SESSION)
    second = room.allowed(session="s1")
    assert first.id != second.id
    assert room.usable(session="s2").id == first.id
    assert room.usable(session="s1").id == second.id


def test_two_grants_of_one_commit(room):
    room.allowed({"a": 1})
    room.allowed({"a": 2})
    grants = [grant for number in (1, 2) if (grant := room.usable({"a": number}))]
    room.records.commit(room.plans.consume(*grants))
    assert room.usable({"a": 1}) is room.usable({"a": 2}) is None


def test_a_used_grant_does_not_come_back(room):
    """The version of a deleted record stays what it was: a check of it alone would let everybody through."""
    room.allowed()
    grant = room.usable()
    room.records.commit(room.plans.consume(grant))
    for _ in range(2):
        with pytest.raises(ConflictError):
            room.records.commit(room.plans.consume(grant))


def test_fifty_threads_use_one_grant(tmp_path):
    """Hazard P27: no atomic single use: of 50 concurrent uses of one grant exactly one succeeds."""
    room = Room(tmp_path / "room")
    room.allowed()
    start = Barrier(50)

    def use(_: int) -> str:
        grant = room.usable()
        assert grant
        start.wait(30)
        try:
            room.records.commit(room.plans.consume(grant))
        except ConflictError:
            return "lost"
        return "won"

    with ThreadPoolExecutor(50) as pool:
        outcomes = list(pool.map(use, range(50)))
    assert sorted(outcomes) == ["lost"] * 49 + ["won"]


_CHILD = """
from palyra_kernel import Kernel
from palyra_kernel.approvals import Approvals, Binding
from palyra_kernel.errors import ConflictError
state, config, arguments, times = arguments
with Kernel.open(state_root=state, config_dir=config, plugins=["file"]) as kernel:
    plans = Approvals(kernel._records, incarnation="life-1").plans
    binding = Binding(principal="agent:planner", action="tool.execute", resource="tool:shell", tool="shell",
                      arguments=arguments)
    grants = [plans.usable(binding, "policy-1", "s1") for _ in range(int(times))]
    say("ready")
    hear()
    for grant in grants:
        try:
            kernel._records.commit(plans.consume(grant))
            say("won")
        except ConflictError:
            say("lost")
"""


def test_ten_processes_use_one_grant_five_times_each(places):
    """Hazard P27: the same 50 in ten processes, which share nothing but the store."""
    clock = Clock()
    clock.now = now_ms()
    with places.create() as kernel, ExitStack() as stack:
        Room(SimpleNamespace(records=kernel._records), clock).allowed()
        told = (places.state_root, places.config_dir, digest(ARGUMENTS), 5)
        children = [stack.enter_context(Process(_CHILD, *told)) for _ in range(10)]
        for child in children:
            child.hear("ready")
        for child in children:
            child.say()
        said = [child.line() for child in children for _ in range(5)]
    assert sorted(said) == ["lost"] * 49 + ["won"]


def test_each_question_has_its_own_id(room):
    made = [room.ask({"a": number}).id for number in range(20)]
    assert len(set(made)) == 20
    room.clock.go(1)
    assert room.ask({"a": 99}).id > max(made)
    assert json.loads(room.approvals.show(made[3]).shown) == {"a": 3}

"""The states of ``docs/approvals.md``, and whether the code knows no other way between them."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from palyra_kernel.approvals import Verdict
from palyra_kernel.approvals.approval import FINAL
from palyra_kernel.errors import ConflictError, DeniedError
from tests.approvals.room import ALICE, BOB, Room
from tests.docs.pages import page, section, table_rows

ROWS = [
    (row[0].strip("`\u2013"), re.findall("`([a-z ]+)`", row[1])[0], row[2].strip("`"))
    for row in table_rows(section(page("approvals.md"), "## The states"))
]
WAYS = set(ROWS)
PERSON = st.sampled_from([ALICE, BOB])
NUMBER = st.integers(0, 2)
WHICH = st.integers(0, 99)
"""Of the approvals so far; their ids are random, and what is drawn must not be."""


class Lives(RuleBasedStateMachine):
    """Three acts that need two people each, two sets of policies, a clock that jumps, restarts and restores."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.room = Room(Path(self.folder.name) / "room")
        self.life = 1
        self.known: dict[str, str] = {}
        self.used: set[str] = set()

    def teardown(self) -> None:
        self.folder.cleanup()

    def happened(self, event: str) -> None:
        """Compare every approval with what it was: only ways of the table, and at most those of *event* and of time."""
        now: dict[str, str] = {each.id: each.state for each in self.room.approvals.list(past=True)}
        assert self.known.keys() <= now.keys()
        for id_, state in now.items():
            before = self.known.get(id_, "")
            if state != before:
                assert (before, event, state) in WAYS or (before, "time", state) in WAYS, (
                    before,
                    event,
                    state,
                )
        self.known = {id_: now[id_] for id_ in (*self.known, *now)}  # in the order in which they came

    @rule(number=NUMBER, policy=st.sampled_from(["p1", "p2"]))
    def request(self, number: int, policy: str) -> None:
        equal = {
            each.id: each
            for each in self.room.approvals.list()
            if each.shown == f'{{"a":{number}}}' and each.state in ("pending", "denied")
        }
        try:
            asked = self.room.ask({"a": number}, policy=policy, obligation={"quorum": 2})
        except DeniedError:
            assert "denied" in {each.state for each in equal.values()}
        else:
            assert asked.state in ("pending", "allowed")
            assert asked.policy == policy
            assert "denied" not in {each.state for each in equal.values()}
        self.happened("request")

    @precondition(lambda self: self.known)
    @rule(
        which=WHICH,
        by=PERSON,
        allow=st.integers(0, 3),
        option=st.sampled_from(["once", "session", "timeboxed"]),
    )
    def decide(self, which: int, by: Any, allow: int, option: Any) -> None:
        id_ = list(self.known)[which % len(self.known)]
        before = self.room.approvals.show(id_)
        verdict = Verdict(allow=bool(allow), option=option, ttl_seconds=300)
        if before.state != "pending" or any(vote.decider == str(by.principal) for vote in before.votes):
            with pytest.raises(ConflictError):
                self.room.decide(id_, verdict, by=by)
            assert self.room.approvals.show(id_) == before
        else:
            self.room.decide(id_, verdict, by=by)
        self.happened("allow" if allow else "deny")

    @precondition(lambda self: self.known)
    @rule(which=WHICH, by=PERSON)
    def cancel(self, which: int, by: Any) -> None:
        id_ = list(self.known)[which % len(self.known)]
        if self.room.state(id_) in FINAL:
            with pytest.raises(ConflictError):
                self.room.approvals.cancel(id_, by=by)
        else:
            self.room.approvals.cancel(id_, by=by)
        self.happened("cancel")

    @rule(number=NUMBER, policy=st.sampled_from(["p1", "p2"]))
    def use(self, number: int, policy: str) -> None:
        grant = self.room.use(arguments={"a": number}, policy=policy)
        if grant is not None:
            assert self.known[grant.id] == "allowed"
            assert len({vote.decider for vote in grant.approval.votes}) == 2
            assert grant.id not in self.used
            if grant.approval.option == "once":
                self.used.add(grant.id)
        self.happened("use")

    @rule(seconds=st.sampled_from([1, 299, 300, 3600, -1, -299, -4000]))
    def wait(self, seconds: int) -> None:
        self.room.clock.go(seconds)
        self.happened("time")

    @rule()
    def restart(self) -> None:
        """What was observed to be expired, and not written down, is written by asking for something else."""
        self.room.ask({"other": len(self.known)})
        self.happened("request")
        self.room = Room(self.room.parts, self.room.clock, incarnation=f"life-{self.life}")
        self.happened("")

    @rule()
    def restore(self) -> None:
        self.life += 1
        self.room = Room(self.room.parts, self.room.clock, incarnation=f"life-{self.life}")
        self.happened("another life")

    @invariant()
    def at_most_one_question_for_each_act(self) -> None:
        """Hazard P30: equal pending requests are one record."""
        waiting = [each.shown for each in self.room.approvals.list() if each.state == "pending"]
        assert len(waiting) == len(set(waiting))


TestLives = Lives.TestCase
TestLives.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)


def test_the_table_names_every_state_and_nothing_leads_out_of_the_last():
    """Hazard P5: terminal states are final."""
    assert {row[0] for row in ROWS} == {"", "pending", "allowed"}
    assert {row[2] for row in ROWS} == {"pending", "allowed", *FINAL}


def way(room: Room, before: str, event: str, after: str) -> str:
    """Walk one row of the table; return the state it ends in."""
    needed = {"quorum": 2} if (before, after) == ("pending", "pending") else {}
    lasting = (before, event, after) == ("allowed", "use", "allowed")
    asked = room.ask(obligation=needed)
    if before == "allowed":
        room.decide(asked.id, Verdict(allow=True, option="session" if lasting else "once"))

    def deny() -> object:
        again = room.ask(policy="p2") if before == "allowed" else asked
        return room.decide(again.id, Verdict(allow=False))

    acts: dict[str, Callable[[], object]] = {
        "request": lambda: room.ask(policy="p2") if before else asked,
        "allow": lambda: room.decide(asked.id),
        "deny": deny,
        "cancel": lambda: room.approvals.cancel(asked.id, by=ALICE),
        "time": lambda: room.clock.go(3600),
        "use": room.use,
    }
    if event == "another life":
        room = Room(room.parts, room.clock, incarnation="life-2")
    else:
        acts[event]()
    return room.state(asked.id)


@pytest.mark.parametrize("row", ROWS, ids=" ".join)
def test_every_way_of_the_table_exists(room, row):
    assert way(room, *row) == row[2]

"""Leases at random, by two gateways that take turns, against a model that is a dict."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from palyra_kernel.errors import PalyraError
from palyra_kernel.nodes.limits import ACKNOWLEDGE_MS
from palyra_kernel.nodes.states import HELD, LIVE, NODE_EVENTS, STEPS
from tests.nodes.world import MINUTE, Gateway, Moving
from tests.support import Parts


class Machine(RuleBasedStateMachine):
    """Two devices, two gateways on one store, and a model: for each lease its state, its time and who has it."""

    leases = Bundle("leases")
    folders = itertools.count()
    base = Path()

    def __init__(self):
        super().__init__()
        self.time = Moving()
        parts = Parts(self.base / f"{next(self.folders)}")
        self.sides = [Gateway(parts.records, self.time, per_device=6, in_hand=3) for _ in range(2)]
        self.turn = 0
        self.states: dict[str, str] = {}
        self.until: dict[str, int] = {}
        self.deadline: dict[str, int] = {}
        self.of: dict[str, str] = {}
        self.handed: dict[str, Any] = {}
        self.waiting: dict[str, list[str]] = {}

    @initialize()
    def devices(self):
        self.nodes = [self.sides[0].node() for _ in range(2)]
        self.waiting = {device: [] for device in self.nodes}

    @property
    def side(self):
        self.turn += 1
        return self.sides[self.turn % 2]

    def now(self, lease):
        """The state of *lease* in the model, which time may have ended."""
        overdue = self.states[lease] in LIVE and self.time.at >= self.until[lease]
        return "expired" if overdue else self.states[lease]

    def live(self, device, states=LIVE):
        return [each for each, owner in self.of.items() if owner == device and self.now(each) in states]

    @rule(target=leases, which=st.integers(0, 1), within=st.sampled_from((1_000, 10_000, 600_000)))
    def invoke(self, which, within):
        device = self.nodes[which]
        if len(self.live(device)) >= 6:
            with pytest.raises(PalyraError):
                self.side.invoke(device, within_ms=within)
            return next(reversed(self.live(device)))
        lease = self.side.invoke(device, within_ms=within).id
        self.states[lease], self.of[lease] = "queued", device
        self.until[lease] = self.deadline[lease] = self.time.at + within
        self.waiting[device].append(lease)
        return lease

    @rule(which=st.integers(0, 1))
    def take(self, which):
        device = self.nodes[which]
        self.waiting[device] = [each for each in self.waiting[device] if self.now(each) == "queued"]
        expected = self.waiting[device][:1] if len(self.live(device, HELD)) < 3 else []
        handed = self.side.take(device)
        assert [handed.lease.id] == expected if handed else expected == []
        if handed is not None:
            lease = handed.lease.id
            assert lease not in self.handed  # once
            self.handed[lease] = handed
            self.states[lease] = "leased"
            self.until[lease] = min(self.deadline[lease], self.time.at + ACKNOWLEDGE_MS)

    @rule(lease=leases, event=st.sampled_from(NODE_EVENTS))
    def report(self, lease, event):
        handed = self.handed.get(lease)
        if handed is None:
            return
        after = STEPS.get((self.now(lease), event))
        if after is None:
            with pytest.raises(PalyraError):
                self.side.say(handed, event)
            return
        assert self.side.say(handed, event).state == after
        self.states[lease], self.until[lease] = after, self.deadline[lease]

    @rule(lease=leases)
    def cancel(self, lease):
        if self.now(lease) not in LIVE:
            with pytest.raises(PalyraError):
                self.side.cancel(lease)
            return
        self.side.cancel(lease)
        self.states[lease] = "cancelled"

    @rule(ms=st.sampled_from((1, 900, 31_000, MINUTE)))
    def wait(self, ms):
        self.time.pass_ms(ms)

    @rule()
    def tidy_up(self):
        self.side.nodes.tend()

    @invariant()
    def both_gateways_know_every_state(self):
        for side in self.sides:
            assert {each: side.state(each) for each in self.states} == {
                each: self.now(each) for each in self.states
            }

    @invariant()
    def lines_and_leases_agree(self):
        for device in self.waiting:
            line = self.sides[0].dispatch.line(device)
            written = {
                lease.id for lease in self.sides[0].nodes.ledger.all(past=False) if lease.device == device
            }
            assert {*line.queued, *line.held} == written
            assert set(self.live(device)) <= written
            assert not set(line.queued) & self.handed.keys()


@pytest.mark.timeout(300)
def test_at_random(tmp_path):
    """Hazards H15, H26 and H30: two gateways that take turns, a clock that moves, and any order of events: states,
    lines and records are those of the model, and nothing is handed over twice."""

    class Here(Machine):
        base = tmp_path

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=30,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )

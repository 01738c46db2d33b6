"""Somebody else is always first: an act that was planned before another is committed ends as if it came behind it."""

from __future__ import annotations

import itertools
from contextlib import contextmanager

import pytest

from palyra_kernel.errors import ConflictError, PalyraError, UnavailableError
from tests.nodes.world import MINUTE, Gateway, Moving
from tests.support import Parts

ACTS = (
    "take",
    "acknowledge",
    "start",
    "ask_local",
    "succeed",
    "fail",
    "cancel_held",
    "cancel_waiting",
    "invoke_again",
    "invoke_new",
    "tend_late",
    "end_device",
    "revoke_grant",
    "without_capability",
)


class Scene:
    """A device that has one lease, which it acknowledged, while another one waits."""

    def __init__(self, folder) -> None:
        parts = Parts(folder)
        self.parts = parts
        self.here = Gateway(parts.records, Moving())
        self.there = self.here.again()
        self.device = self.here.node()
        (self.grant,) = self.here.nodes.grants.of(self.device)
        self.here.invoke(self.device, key="held")
        self.held = self.here.take(self.device)
        self.waiting = self.here.invoke(self.device, key="waiting")
        self.here.nodes.heartbeats.flush()

    def do(self, gateway, act):
        """The outcome in a word: what it returned, or the code of its refusal."""
        try:
            found = getattr(self, act)(gateway)
        except PalyraError as error:
            return error.code
        return getattr(found, "state", type(found).__name__)

    def take(self, gateway):
        handed = gateway.take(self.device)
        return None if handed is None else handed.lease

    def acknowledge(self, gateway):
        return gateway.say(self.held, "acknowledge")

    def start(self, gateway):
        return gateway.say(self.held, "start")

    def ask_local(self, gateway):
        return gateway.say(self.held, "ask_local")

    def succeed(self, gateway):
        return gateway.say(self.held, "succeed", output=b"done")

    def fail(self, gateway):
        return gateway.say(self.held, "fail", error="no")

    def cancel_held(self, gateway):
        return gateway.cancel(self.held.lease.id)

    def cancel_waiting(self, gateway):
        return gateway.cancel(self.waiting.id)

    def invoke_again(self, gateway):
        return gateway.invoke(self.device, key="waiting")

    def invoke_new(self, gateway):
        return gateway.invoke(self.device, key="new")

    def tend_late(self, gateway):
        return gateway.nodes.tend()

    def end_device(self, gateway):
        return gateway.end(self.device)

    def ban(self, gateway):
        """By somebody who forgets that it is a node."""
        return gateway.devices.revoke(self.device)

    def revoke_grant(self, gateway):
        return gateway.revoke_grant(self.device, self.grant.id)

    def without_capability(self, gateway):
        return gateway.register(self.device, "other")

    def seen(self):
        """Everything that a fresh gateway knows of it."""
        fresh = self.here.again()
        line = fresh.dispatch.line(self.device)
        held, waiting = (fresh.nodes.asking.find(each) for each in (self.held.lease.id, self.waiting.id))
        return (
            [(lease.state, lease.ended, fresh.nodes.asking.output(lease)) for lease in (held, waiting)],
            sorted(lease.key for lease in fresh.nodes.ledger.all(past=False)),
            sorted(lease.key for lease in fresh.nodes.ledger.all(past=True)),
            (len(line.queued), len(line.held)),
            fresh.nodes.registry.get(self.device) is None,
            len(fresh.nodes.grants.of(self.device)),
            fresh.nodes.ledger.input(self.waiting.id),
        )


@pytest.mark.parametrize("acknowledged", [False, True])
@pytest.mark.parametrize("act", ACTS)
def test_whatever_comes_between_plan_and_commit(tmp_path, act, acknowledged):
    """Hazards H10, H15, H26 and H30: what was looked at was not what was changed. Each act with each other one in
    between its plan and its commit: it ends exactly as if the other had come first."""
    for number, other in enumerate(ACTS):
        between, behind = (Scene(tmp_path / f"{number}{order}") for order in "ab")
        for scene in (between, behind):
            if acknowledged:
                scene.acknowledge(scene.here)
            if "tend_late" in (act, other):
                scene.here.time.pass_ms(2 * MINUTE)
        for each, outcome in interrupted(between, act, other):
            assert behind.do(behind.here, each) == outcome, (act, other)
        assert between.seen() == behind.seen(), (act, other)


def interrupted(scene, act, other):
    """The outcomes of *act*, and of *other*, which is done right before the first commit of *act*, in the order in
    which they took effect."""
    outcomes: list[tuple[str, str]] = []

    def meanwhile():
        outcomes.append((other, scene.do(scene.there, other)))

    with before_the_commit(scene.parts.records, meanwhile):
        outcome = scene.do(scene.here, act)
    outcomes.append((act, outcome))
    if len(outcomes) == 1:  # the act had nothing to write
        meanwhile()
    return outcomes


@contextmanager
def before_the_commit(records, meanwhile):
    """*meanwhile* is called once, between plan and commit of what is done in the block."""
    commit, calls = records.commit, itertools.count()

    def first(change):
        if next(calls) == 0:
            meanwhile()
        commit(change)

    records.commit = first
    try:
        yield
    finally:
        records.commit = commit


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ("end_device", "device_unknown"),
        ("ban", "device_unknown"),
        ("revoke_grant", "capability_not_granted"),
        ("without_capability", "capability_missing"),
    ],
)
def test_what_ends_while_work_is_asked_for(tmp_path, other, code):
    """Hazards H10, H27 and H28: the device, its grant or its capability went while the first lease was planned, and
    there was nothing in its line that would have changed. It is refused, and nothing waits."""
    scene = Scene(tmp_path)
    for lease in (scene.held.lease, scene.waiting):
        scene.here.cancel(lease.id)
    meanwhile = before_the_commit(scene.parts.records, lambda: scene.do(scene.there, other))
    with meanwhile, pytest.raises(PalyraError) as caught:
        scene.here.invoke(scene.device)
    assert caught.value.code == code
    assert len(scene.there.dispatch.line(scene.device)) == 0
    assert list(scene.there.nodes.ledger.all(past=False)) == []


def test_what_ends_while_the_line_is_read(tmp_path, monkeypatch):
    """Hazard H30: a lease that went between two reads is no damage, and no reason to hand over nothing."""
    scene = Scene(tmp_path)
    last = scene.here.invoke(scene.device)
    ledger, calls = scene.here.nodes.ledger, itertools.count()
    line = ledger.line

    def read(device):
        found = line(device)
        if next(calls) == 1:
            scene.there.cancel(scene.waiting.id)
        return found

    monkeypatch.setattr(ledger, "line", read)
    assert scene.here.take(scene.device).lease.id == last.id


def test_one_key_for_two_devices_at_once(gateway):
    """Hazard H31: the same key at the same moment, for two devices: one order has it, the other is refused."""
    one, two = gateway.node(), gateway.node()
    first = before_the_commit(gateway.records, lambda: gateway.again().invoke(one, key="k"))
    with first, pytest.raises(ConflictError) as caught:
        gateway.invoke(two, key="k")
    assert caught.value.code == "key_reused"
    assert len(gateway.dispatch.line(two)) == 0


def test_the_last_place_for_two_devices_at_once(parts):
    """Hazard H37: the limit of all leases, looked at by two at the same moment, let both in."""
    gateway = Gateway(parts.records, per_device=1, in_hand=1, all=1)
    one, two = gateway.node(), gateway.node()
    other = gateway.again(per_device=1, in_hand=1, all=1)
    with (
        before_the_commit(gateway.records, lambda: other.invoke(one)),
        pytest.raises(UnavailableError) as caught,
    ):
        gateway.invoke(two)
    assert caught.value.code == "leases_full"
    assert len(gateway.dispatch.line(two)) == 0

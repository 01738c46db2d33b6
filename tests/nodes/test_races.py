"""Many at once, in threads and over several connections: one wins, and nothing is done twice."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from threading import Barrier, Thread

import pytest

from palyra_kernel.errors import ConflictError, PalyraError
from tests.nodes.world import Gateway, Moving
from tests.support import Places

RACERS = 32
LONG = 60


@pytest.fixture
def gateways(tmp_path):
    """Four processes' worth of gateways on one store."""
    places, time = Places(tmp_path), Moving()
    places.create().close()
    with ExitStack() as stack:
        yield [Gateway(stack.enter_context(places.open())._records, time) for _ in range(4)]


def race(gateways, act, racers=RACERS):
    """What *act* returned, or the code of its refusal, for each of the racers."""
    barrier, outcomes = Barrier(racers), []

    def run(number):
        gateway = gateways[number % len(gateways)]
        barrier.wait(LONG)
        try:
            outcomes.append(act(gateway, number))
        except PalyraError as error:
            outcomes.append(error.code)

    threads = [Thread(target=run, args=(number,), daemon=True) for number in range(racers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG)
    assert len(outcomes) == racers
    return outcomes


def test_thirty_two_take_one_lease(gateways):
    """Hazards H15 and H30: of 32 that ask for the one lease of a device, over four connections, one gets it."""
    device = gateways[0].node()
    gateways[0].invoke(device)
    outcomes = race(gateways, lambda gateway, _: gateway.take(device))
    assert sum(each is not None for each in outcomes) == 1


def test_thirty_two_answers_one_counts(gateways):
    """Hazard H15: of 32 answers to one lease, half of them failures, the first one is the answer, and it stays."""
    first = gateways[0]
    device = first.node()
    lease = first.invoke(device)
    handed = first.begun(device)

    def answer(gateway, number):
        if number % 2:
            return gateway.say(handed, "fail", error=f"{number}").ended
        return gateway.say(handed, "succeed", output=b"%d" % number).answered

    outcomes = race(gateways, answer)
    (winner,) = [each for each in outcomes if each != "lease_over"]
    found = first.nodes.asking.find(lease.id)
    assert winner == (found.ended or found.answered)


def test_the_same_work_asked_for_by_thirty_two(gateways):
    """Hazard H31: under one idempotency key, asked for at the same time in four processes: one lease."""
    device = gateways[0].node()
    outcomes = race(gateways, lambda gateway, _: gateway.invoke(device, key="k").id)
    assert len(set(outcomes)) == 1
    assert len(gateways[0].dispatch.line(device)) == 1


def test_a_line_has_its_end_in_a_race_too(tmp_path):
    """Hazard H37: a limit that is looked at before it is written is no limit."""
    places = Places(tmp_path)
    places.create().close()
    with ExitStack() as stack:
        gateways = [
            Gateway(stack.enter_context(places.open())._records, per_device=5, in_hand=5, all=8)
            for _ in range(4)
        ]
        devices = [gateways[0].node() for _ in range(2)]
        outcomes = race(gateways, lambda gateway, number: len(gateway.invoke(devices[number % 2]).id))
        assert Counter(outcomes)[26] == 8
        assert sum(len(gateways[0].dispatch.line(device)) for device in devices) == 8


def test_a_cancellation_against_an_answer(gateways):
    """Hazard H15: what was cancelled and answered at the same time was both. Each lease is one of the two, and both
    sides are told the same."""
    first = gateways[0]
    device = first.node()
    for _ in range(4):
        lease = first.invoke(device)
        handed = first.begun(device)

        def act(gateway, number, lease=lease, handed=handed):
            return (gateway.cancel(lease.id) if number else gateway.say(handed, "succeed")).state

        outcomes = race(gateways, act, racers=2)
        assert sorted(outcomes) in (["cancelled", "lease_over"], ["lease_over", "succeeded"])
        assert first.state(lease.id) in outcomes


def test_a_revocation_against_everything(gateways):
    """Hazards H10 and H28: a device was revoked while work was asked for, taken and answered. Whatever the order,
    in the end nothing of it is left, and nothing waits for it."""
    first = gateways[0]
    for _ in range(2):
        device = first.node()
        for _ in range(3):
            first.invoke(device)
        held = first.begun(device)
        acts = (
            lambda gateway, device=device: gateway.end(device),
            lambda gateway, device=device: gateway.invoke(device),
            lambda gateway, device=device: gateway.take(device),
            lambda gateway, held=held: gateway.say(held, "succeed"),
            lambda gateway, device=device: gateway.register(device, "camera"),
            lambda gateway, device=device: gateway.grant(device),
        )
        outcomes = race(gateways, lambda gateway, number, acts=acts: acts[number](gateway), racers=len(acts))
        assert "set_tampered" not in outcomes
        for gateway in gateways:
            assert len(gateway.dispatch.line(device)) == 0
            assert gateway.nodes.registry.get(device) is None
            assert gateway.nodes.grants.of(device) == ()
    assert list(first.nodes.ledger.all(past=False)) == []


def test_many_nodes_and_two_gateways_lose_nothing(gateways):
    """Hazard H34: two gateways on one store. Eight workers over four connections do 48 leases of four nodes, enqueued
    meanwhile by others: each is done once, by the counts of those who did them."""
    devices = [gateways[0].node() for _ in range(4)]
    done: list[str] = []
    asked: list[str] = []
    total = 48

    def work(gateway, number):
        if number < 4:
            for count in range(total // 4):
                asked.append(gateway.invoke(devices[(number + count) % 4]).id)  # noqa: PERF401  # one by one
            return
        while len(done) < total:
            for device in devices:
                handed = gateway.take(device)
                if handed is not None:
                    done.append(handed.lease.id)
                    gateway.say(handed, "acknowledge")
                    gateway.say(handed, "succeed", output=handed.body)

    assert set(race(gateways, work, racers=8)) == {None}
    assert Counter(done) == Counter(asked)
    assert {gateways[1].state(each) for each in asked} == {"succeeded"}


def test_what_a_failed_write_leaves(gateway, monkeypatch):
    """Hazard H33: memory ran ahead of the disk after a failure. Where the store refuses, nothing happened, and the act
    succeeds when it is tried again."""
    device = gateway.node()
    lease = gateway.invoke(device)

    def broken(*_):
        raise ConflictError("broken", "the store is broken")

    with monkeypatch.context() as patch:
        patch.setattr(gateway.records.store, "commit", broken)
        for act in (
            lambda: gateway.take(device),
            lambda: gateway.invoke(device),
            lambda: gateway.cancel(lease.id),
        ):
            with pytest.raises(PalyraError):
                act()
    assert gateway.again().state(lease.id) == gateway.state(lease.id) == "queued"
    assert gateway.take(device).lease.id == lease.id

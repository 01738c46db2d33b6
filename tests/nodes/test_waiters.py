"""Waiting for work and for answers: woken at once here, soon from elsewhere, and nothing is left behind."""

from __future__ import annotations

import asyncio
import gc
from contextlib import closing
from threading import Event, Thread
from time import sleep

import pytest

from palyra_kernel.nodes.dispatch import Handed
from palyra_kernel.nodes.lease import Lease
from palyra_kernel.nodes.ledger import LEASES, LINES
from palyra_kernel.nodes.waiters import Waiters
from palyra_kernel.values.deadline import Deadline
from tests.nodes.world import MINUTE, Gateway, Moving
from tests.support import Places

LONG = 30


def in_background(act, *arguments):
    thread = Thread(target=act, args=arguments, daemon=True)
    thread.start()
    return thread


def until_somebody_waits(gateway):
    deadline = Deadline.after(LONG)
    while not len(gateway.nodes.waiters):
        deadline.check("waiting")
        sleep(0)


def test_work_wakes_whoever_serves_the_device(gateway):
    """Hazard H31: dispatch rode on heartbeats, up to a second late. Whoever waits is told by whoever enqueues, in the
    same call; other devices are not."""
    device, other = gateway.node(), gateway.node()
    told = []
    with (
        gateway.nodes.waiters.listen(LINES.key(device), lambda: told.append(device)),
        gateway.nodes.waiters.listen(LINES.key(other), lambda: told.append(other)),
    ):
        lease = gateway.invoke(device)
        assert told == [device]
        gateway.take(device)
        gateway.cancel(lease.id)
        assert set(told) == {device}


def test_each_step_wakes_whoever_waits_for_it(gateway):
    """Hazard H31: an answer was seen with the next poll. Taking, a word of the node, the answer and the expiry each
    tell those who listen for the lease, before they return."""
    device = gateway.node()
    one, two = gateway.invoke(device), gateway.invoke(device, within_ms=MINUTE // 2)
    told = []
    with (
        gateway.nodes.waiters.listen(LEASES.key(one.id), lambda: told.append("one")),
        gateway.nodes.waiters.listen(LEASES.key(two.id), lambda: told.append("two")),
    ):
        handed = gateway.take(device)
        gateway.say(handed, "acknowledge")
        assert told == ["one", "one"]
        gateway.say(handed, "succeed")
        assert told == ["one"] * 3
        gateway.time.pass_ms(MINUTE // 2)
        gateway.nodes.tend()
        assert told == ["one"] * 3 + ["two"]


def test_an_answer_wakes_whoever_asked(gateway):
    """Hazard H30: waiters leaked, and one that timed out changed the lease. Whoever waits gets the answer when it is
    there; nobody listens behind it."""
    device, answers = gateway.node(), []
    lease = gateway.invoke(device)
    waiting = in_background(lambda: answers.append(gateway.nodes.wait(lease.id, Deadline.after(LONG))))
    until_somebody_waits(gateway)
    gateway.done(device, b"42")
    waiting.join(LONG)
    assert [each.state for each in answers] == ["succeeded"]
    assert len(gateway.nodes.waiters) == 0


def test_waiting_in_vain_changes_nothing(gateway):
    """Hazard H30: a waiter that gave up turned the lease into a timeout. It waits on, and can still be done."""
    device = gateway.node()
    lease = gateway.invoke(device)
    assert gateway.nodes.wait(lease.id, Deadline.after(0)).state == "queued"
    assert gateway.nodes.wait(lease.id, Deadline.after(0.02)).state == "queued"
    assert gateway.done(device).state == "succeeded"
    assert len(gateway.nodes.waiters) == 0


def test_waiting_ends_with_the_lease(parts):
    """Hazard H30: whoever waits for what nobody answers waits until the deadline of the lease, and not for ever."""
    gateway = Gateway(parts.records)
    device = gateway.node()
    lease = gateway.invoke(device)
    gateway.time.pass_ms(MINUTE)
    assert gateway.nodes.wait(lease.id, Deadline.after(LONG)).state == "expired"


def test_whoever_fails_while_waiting_is_gone(gateway):
    """Hazard H30: waiters leaked with each error. 1,000 that end by an error, and 1,000 that are told: nothing
    is left of them."""
    device = gateway.node()
    waiters = gateway.nodes.waiters
    for _ in range(1_000):
        with pytest.raises(ZeroDivisionError), waiters.listen(LINES.key(device), lambda: None):
            raise ZeroDivisionError
        with waiters.listen(LINES.key(device), lambda: None):
            waiters.wake(LINES.key(device))
    gc.collect()
    assert (len(waiters), waiters._listening, waiters._seen) == (0, {}, {})


def test_an_event_loop_is_told(gateway):
    """Hazard H31: a stream that serves a node lives in an event loop; it is told from any thread, and nothing polls."""
    device = gateway.node()

    async def serve():
        loop, heard = asyncio.get_running_loop(), asyncio.Event()
        with gateway.nodes.waiters.listen(LINES.key(device), lambda: loop.call_soon_threadsafe(heard.set)):
            assert gateway.take(device) is None
            background = in_background(gateway.invoke, device)
            await asyncio.wait_for(heard.wait(), LONG)
            background.join(LONG)
            return gateway.take(device)

    assert asyncio.run(serve()) is not None


def test_another_process_is_noticed(tmp_path):
    """Hazard H34: what another process on the same store commits was unseen. A second gateway enqueues, takes back and
    answers; whoever waits here is woken by the thread that looks, or looks for itself where there is none."""
    places, time = Places(tmp_path), Moving()
    with closing(places.create()) as kernel, closing(places.open()) as second:
        here, there = Gateway(kernel._records, time), Gateway(second._records, time)
        device = here.node()
        for looking in (False, True):
            stop = Event()
            looks = in_background(here.nodes.waiters.run, stop) if looking else None
            found: list[Handed] = []
            waiting = in_background(lambda found=found: found.append(next_of(here, device)))
            until_somebody_waits(here)
            lease = there.invoke(device)
            waiting.join(LONG)
            assert found[0].lease.id == lease.id
            answered: list[Lease] = []
            asking = in_background(
                lambda answered=answered, asked=lease.id: answered.append(answer_to(there, asked))
            )
            here.say(found[0], "acknowledge")
            here.say(found[0], "succeed", output=b"yes")
            asking.join(LONG)
            assert there.nodes.asking.output(answered[0]) == b"yes"
            stop.set()
            if looks is not None:
                looks.join(LONG)
            assert len(here.nodes.waiters) == len(there.nodes.waiters) == 0


def next_of(gateway, device):
    """The next lease of *device*, as soon as there is one."""
    return gateway.nodes.waiters.wait(LINES.key(device), lambda: gateway.take(device), Deadline.after(LONG))


def answer_to(gateway, lease):
    """The lease when it is over."""
    return gateway.nodes.wait(lease, Deadline.after(LONG))


def test_one_change_wakes_once(gateway):
    """Hazard H31: whoever is woken for nothing polls after all. A change elsewhere wakes once, and no commit about
    something else does."""
    device, other = gateway.node(), gateway.node()
    here, told = Waiters(gateway.records), []
    with here.listen(LINES.key(device), lambda: told.append(1)):
        for act, expected in (
            (lambda: gateway.invoke(device), 1),
            (lambda: gateway.invoke(other), 1),
            (lambda: gateway.done(device), 2),
            (lambda: gateway.done(other), 2),
            (lambda: gateway.end(device), 2),  # its line was empty
        ):
            act()
            here.poll()
            assert len(told) == expected


def test_a_thousand_who_wait_cost_no_more_than_one(gateway, monkeypatch):
    """A gateway of a thousand nodes read two thousand records for each commit, and had no time for anything else: what
    was written since is one question for all of a kind. A store that cannot say is read record by record."""
    device, other = gateway.node(), gateway.node()
    told: list[str] = []
    for able in (True, False):
        if not able:
            monkeypatch.setattr(gateway.records.store, "newer", lambda *_: None)
        waiters = Waiters(gateway.records, followed=(LINES,))
        with (
            waiters.listen(LINES.key(device), lambda: told.append("device")),
            waiters.listen(LINES.key(other), lambda: told.append("other")),
        ):
            assert len(waiters._seen) == (0 if able else 2)
            gateway.invoke(device)
            waiters.poll()
            waiters.poll()
            assert told == ["device"]
            gateway.done(device)
            waiters.poll()
            assert told == ["device", "device"]
        told.clear()


def test_a_store_that_fails_wakes_everybody(gateway, monkeypatch):
    """Hazard H30: whoever waits for a thread that died waits for ever."""
    waiters, heard = Waiters(gateway.records), Event()

    def broken():
        raise OSError

    monkeypatch.setattr(gateway.records.store, "moment", broken)
    with waiters.listen(b"p/any/key", heard.set), pytest.raises(OSError):
        waiters.run(Event())
    assert heard.is_set()


def test_a_look_costs_nothing_where_nothing_happened(gateway, monkeypatch):
    """Hazard H31: many idle streams, and one look at the store for all of them: where nothing was committed, no record
    is read."""
    waiters = gateway.nodes.waiters
    reads: list[object] = []
    device = gateway.node()
    monkeypatch.setattr(gateway.records.store, "moment", lambda: 1)
    with waiters.listen(LINES.key(device), lambda: None):
        waiters.poll()
        monkeypatch.setattr(waiters, "_now", reads.append)
        waiters.poll()
    assert reads == []

"""Waiting for an answer that somebody else gives, in another thread, process or loop."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from palyra_kernel.errors import NotFoundError
from palyra_kernel.values.deadline import Deadline
from tests.approvals.room import ALICE, ALLOW, DENY, Room

LONG = 40.0


@pytest.mark.parametrize("how", ["thread", "loop"])
@pytest.mark.parametrize(
    ("verdict", "state"), [(ALLOW, "allowed"), (DENY, "denied"), (None, "cancelled")], ids=str
)
def test_the_answer_arrives(tmp_path, how, verdict, state):
    room = Room(tmp_path / "room")
    asked = room.ask()

    def waiting():
        if how == "thread":
            return room.approvals.wait(asked.id, Deadline.after(LONG))
        return asyncio.run(room.approvals.wait_async(asked.id, Deadline.after(LONG)))

    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(waiting)
        if verdict is None:
            room.approvals.cancel(asked.id, by=ALICE)
        else:
            room.decide(asked.id, verdict)
        assert answer.result(LONG).state == state


def test_many_wait_for_one_and_one_for_each(room):
    """Two in one process share what they are told; none may miss its answer for it."""
    asked = [room.ask({"a": number}).id for number in range(8)]
    with ThreadPoolExecutor(16) as pool:
        answers = [pool.submit(room.approvals.wait, each, Deadline.after(LONG)) for each in asked * 2]
        for each in asked:
            room.decide(each)
        assert {answer.result(LONG).state for answer in answers} == {"allowed"}


def test_a_deadline_is_no_answer(room):
    asked = room.ask()
    assert room.approvals.wait(asked.id, Deadline.after(0)).state == "pending"
    assert asyncio.run(room.approvals.wait_async(asked.id, Deadline.after(0))).state == "pending"


def test_time_ends_it_too(room):
    """Hazard P29: nobody is connected, and it ends all the same."""
    asked = room.ask()
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(room.approvals.wait, asked.id, Deadline.after(LONG))
        room.clock.go(3600)
        assert answer.result(LONG).state == "expired"


def test_a_restart_waits_on(room):
    """Wish 16: approvals that were lost with the process that waited."""
    asked = room.ask()
    again = Room(room.parts, room.clock)
    room.decide(asked.id)
    assert again.approvals.wait(asked.id, Deadline.after(LONG)).state == "allowed"


def test_an_answer_from_another_process(places):
    with places.create() as kernel, places.open() as other:
        here, there = (Room(SimpleNamespace(records=each._records)) for each in (kernel, other))
        asked = here.ask()
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(here.approvals.wait, asked.id, Deadline.after(LONG))
            there.decide(asked.id)
            assert answer.result(LONG).state == "allowed"


def test_who_is_cancelled_stops_waiting(room):
    asked = room.ask()

    async def impatient():
        waiting = asyncio.create_task(room.approvals.wait_async(asked.id, Deadline.after(LONG)))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(impatient())


def test_of_nothing(room):
    with pytest.raises(NotFoundError):
        room.approvals.wait("0" * 26, Deadline.after(LONG))

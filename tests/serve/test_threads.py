"""Threads that strangers make the kernel use: few, whatever they do."""

from __future__ import annotations

import asyncio
import threading

import pytest

from palyra_kernel.daemon.apps.threads import Threads
from palyra_kernel.daemon.pace import Pace
from palyra_kernel.errors import UnavailableError


def test_who_hangs_up_has_not_made_room_for_another():
    """Hazard H39: connections that were dropped left their work behind, and the next ones added theirs."""
    release, begun = threading.Event(), []

    def work():
        begun.append(threading.get_ident())
        release.wait(20)

    async def scene():
        threads = Threads(at_once=1, waiting=1)
        first = asyncio.create_task(threads.run(work))
        while not begun:
            await asyncio.sleep(0.001)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        second = asyncio.create_task(threads.run(work))
        await asyncio.sleep(0.05)
        assert len(begun) == 1
        with pytest.raises(UnavailableError) as caught:
            await threads.run(work)
        assert caught.value.code == "busy"
        release.set()
        await asyncio.wait_for(second, 20)
        assert len(begun) == 2

    asyncio.run(scene())


def test_an_error_is_that_of_the_call():
    def work():
        raise UnavailableError("away", "the store is away")

    with pytest.raises(UnavailableError) as caught:
        asyncio.run(Threads(1, 1).run(work))
    assert caught.value.code == "away"


def test_a_pace_is_of_one_source():
    """Hazard H3: a limit that all callers shared."""
    now = [0.0]
    pace = Pace(burst=2, seconds=10, clock=lambda: now[0])
    assert [pace.take("a") for _ in range(3)] == [True, True, False]
    assert pace.take("b")
    now[0] = 10.0
    assert [pace.take("a") for _ in range(2)] == [True, False]


def test_many_sources_take_no_memory_without_end():
    pace = Pace(burst=1, clock=lambda: 0.0)
    for number in range(5_000):
        pace.take(f"source {number}")
    assert len(pace._buckets) == 4096
    assert not pace.take("source 4999")

"""Deadlines: one budget for nested calls, and no wall clock."""

import math
import time

import pytest

from palyra_kernel.durable.lock import FileLock
from palyra_kernel.errors import UnavailableError
from palyra_kernel.values import deadline as module
from palyra_kernel.values.deadline import Deadline


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 1000.0

    monkeypatch.setattr(module, "monotonic", lambda: Clock.now)
    return Clock


def test_it_runs_out_and_never_below_zero(clock):
    deadline = Deadline.after(5)
    assert (deadline.remaining(), deadline.expired) == (5, False)
    deadline.check("waiting")
    clock.now += 5
    assert (deadline.remaining(), deadline.expired) == (0, True)
    clock.now += 100
    assert deadline.remaining() == 0
    with pytest.raises(UnavailableError, match="waiting") as caught:
        deadline.check("waiting")
    assert caught.value.code == "deadline"


@pytest.mark.parametrize("seconds", [0, -1, -math.inf])
def test_none_or_less_is_expired_at_once(clock, seconds):
    deadline = Deadline.after(seconds)
    assert deadline.expired
    assert deadline.remaining() == 0


def test_the_wall_clock_moves_nothing(monkeypatch):
    """Hazard K5: a clock that was set back made every wait time out at once elsewhere, and one set forward made
    a stale lock fresh for ever."""
    deadline = Deadline.after(1000)
    for wrong in (0.0, 2**40):
        monkeypatch.setattr(time, "time", lambda wrong=wrong: wrong)
        monkeypatch.setattr(time, "time_ns", lambda wrong=wrong: int(wrong) * 10**9)
        assert 900 < deadline.remaining() <= 1000


def test_waits_need_no_wall_clock(tmp_path, monkeypatch):
    monkeypatch.setattr(time, "time", None)
    monkeypatch.setattr(time, "time_ns", None)
    lock = FileLock(tmp_path / "lock")
    with lock.held(Deadline.after(60)):
        pass
    lock.close()


@pytest.mark.parametrize("seconds", [math.inf, 1e11])
def test_no_limit_is_a_deadline_that_locks_take(tmp_path, seconds):
    """Who wants to wait for ever says so with infinity."""
    lock = FileLock(tmp_path / "lock")
    try:
        with lock.held(Deadline.after(seconds)):
            pass
    finally:
        lock.close()

"""A call that hangs costs its caller the deadline, and not the process."""

from __future__ import annotations

import threading
import time

import pytest

from palyra_kernel.errors import UnavailableError
from palyra_kernel.plugins.threads import STUCK_LIMIT, PluginThreads
from palyra_kernel.values.deadline import Deadline


def eventually(condition):
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.002)


def test_values_and_errors_come_back():
    threads = PluginThreads("plugin 'x'")
    assert threads.run(lambda: 7, Deadline.after(float("inf")), "asking") == 7
    with pytest.raises(ZeroDivisionError):
        threads.run(lambda: 1 // 0, Deadline.after(30), "asking")
    with pytest.raises(SystemExit):
        threads.run(lambda: exit(3), Deadline.after(30), "asking")
    assert threads.stuck == 0


def test_it_runs_in_a_daemon_thread():
    """A thread that is not a daemon keeps a process alive that was told to end."""
    threads = PluginThreads("plugin 'x'")
    assert threads.run(lambda: threading.current_thread().daemon, Deadline.after(30), "asking")


def test_abandoned_at_the_deadline_then_the_circuit_opens_until_one_comes_back():
    threads = PluginThreads("plugin 'x'")
    release = threading.Event()
    while threads.stuck < STUCK_LIMIT:  # one whose deadline is over before it starts does not hang
        with pytest.raises(UnavailableError) as caught:
            threads.run(release.wait, Deadline.after(0.02), "reading")
        assert caught.value.code == "deadline"
    before = set(threading.enumerate())
    with pytest.raises(UnavailableError) as caught:
        threads.run(lambda: 1, Deadline.after(30), "reading")
    assert caught.value.code == "circuit_open"
    assert set(threading.enumerate()) <= before
    release.set()
    eventually(lambda: threads.stuck == 0)
    assert threads.run(lambda: 1, Deadline.after(30), "reading") == 1


def test_nothing_starts_after_the_deadline():
    ran = []
    with pytest.raises(UnavailableError) as caught:
        PluginThreads("x").run(lambda: ran.append(1), Deadline.after(0), "reading")
    assert (caught.value.code, ran) == ("deadline", [])


def test_a_late_error_is_not_printed(capfd):
    """threading prints what a thread raises, with the text that we keep out of messages."""
    threads = PluginThreads("x")
    release = threading.Event()

    def late():
        release.wait()
        raise ValueError("hunter2")

    with pytest.raises(UnavailableError):
        threads.run(late, Deadline.after(0.01), "reading")
    release.set()
    eventually(lambda: threads.stuck == 0)
    assert "hunter2" not in "".join(capfd.readouterr())


def test_no_thread_to_be_had(monkeypatch):
    def refuse(_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(UnavailableError) as caught:
        PluginThreads("x").run(lambda: 1, Deadline.after(1), "reading")
    assert (caught.value.code, caught.value.__context__) == ("no_thread", None)

"""Who waits for whom: callers that share a call, sources that hang, and deadlines."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from palyra_kernel.errors import UnavailableError
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.sensitive import SensitiveBytes
from tests.resolve.scripted import DOWN, Scripted, build, remote, table, value
from tests.resolve.waiting import PATIENCE, held, together


def test_32_threads_make_one_call_and_have_a_buffer_each(parts):
    """Single flight. One user that wiped its value took it from all others."""
    source = Scripted(x=b"value")
    resolver = build(parts, source)
    flying = resolver._chains._asker._flights._flights
    boarded = threading.Event()

    def before(_):
        flight = resolver._chains._asker._flights._flights[table("acme://x")]
        while flight.waiting < 32 and not boarded.wait(0.001):
            pass

    source.before = before
    got = together(32, lambda: resolver.resolve("acme://x"))
    assert len(source.calls) == 1
    first, *others = got
    first.value.wipe()
    assert [each.unwrap().reveal() for each in others] == [b"value"] * 31
    assert len({id(each.value._buffer) for each in others}) == 31
    assert flying == {}
    assert value(resolver.resolve("acme://x")) == b"value"


def test_a_waiter_goes_when_its_own_deadline_is_over(parts):
    source = remote(x=b"late")
    go, asked = threading.Event(), threading.Event()
    source.before = held(asked, go)
    resolver = build(parts, source)
    leader = threading.Thread(target=resolver.resolve, args=("acme://x",), daemon=True)
    leader.start()
    assert asked.wait(PATIENCE)
    assert value(resolver.resolve("acme://x", deadline=Deadline.after(0.05))) == ("failed", "deadline")
    go.set()
    leader.join(PATIENCE)
    assert value(resolver.resolve("acme://x")) == b"late"
    assert len(source.calls) == 1


def test_a_patient_waiter_has_what_an_impatient_leader_could_not_wait_for(parts):
    """The first caller's short deadline was everybody's answer."""
    source = remote(x=b"late")
    go, asked = threading.Event(), threading.Event()
    source.before = held(asked, go)
    resolver = build(parts, source)
    flights = resolver._chains._asker._flights
    got = []
    leader = threading.Thread(
        target=lambda: resolver.resolve("acme://x", deadline=Deadline.after(3)), daemon=True
    )
    leader.start()
    assert asked.wait(PATIENCE)
    (flight,) = flights._flights.values()
    waiter = threading.Thread(target=lambda: got.append(value(resolver.resolve("acme://x"))), daemon=True)
    waiter.start()
    leader.join(PATIENCE)
    assert flight.waiting == 1
    go.set()
    waiter.join(PATIENCE)
    assert got == [b"late"]
    assert len(source.calls) == 1


def test_a_dead_reference_of_one_caller_does_not_hold_up_another(parts):
    """Answers landed when all of a pass were there: who waited for one of them waited for the slowest."""
    dead, good = remote("dead", x=b""), remote("good", x=b"value")
    go, asked = threading.Event(), threading.Event()
    dead.before = lambda _: go.wait(PATIENCE)
    good.before = lambda _: asked.wait(PATIENCE)
    resolver = build(parts, dead, good)
    flights = resolver._chains._asker._flights._flights
    refs = ["dead://x", "good://x"]
    leader = threading.Thread(target=resolver.resolve_many, args=(refs,), daemon=True)
    leader.start()
    got = []
    waiter = threading.Thread(target=lambda: got.append(value(resolver.resolve("good://x"))), daemon=True)
    while len(flights) < 2:
        pass
    flight = flights[table("good://x")]
    waiter.start()
    while flight.waiting < 2:
        pass
    asked.set()
    waiter.join(PATIENCE)
    assert got == [b"value"]
    assert leader.is_alive()
    go.set()
    leader.join(PATIENCE)


def test_an_interrupted_leader_leaves_an_answer(parts):
    """Ctrl-C in the thread that asks, while others wait for what it asked."""
    source = Scripted(x=b"value")
    resolver = build(parts, source)
    flights = resolver._chains._asker._flights._flights
    got = []
    waiter = threading.Thread(target=lambda: got.append(value(resolver.resolve("acme://x"))), daemon=True)

    def before(_):
        if len(source.calls) == 1:
            waiter.start()
            while flights[table("acme://x")].waiting < 2:
                pass
            raise KeyboardInterrupt

    source.before = before
    with pytest.raises(KeyboardInterrupt):
        resolver.resolve_many(["acme://x", "acme://y"])
    waiter.join(PATIENCE)
    assert got == [("failed", "deadline")]
    assert not flights
    assert value(resolver.resolve("acme://x")) == b"value"


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt])
def test_a_source_that_ends_its_thread_ends_only_its_call(parts, kind):
    """`sys.exit` in a plugin ended a thread of ours; its references, and the calls queued behind it, timed out."""
    source = remote(**{f"k{n}": b"%d" % n for n in range(30)})

    def bad():
        raise kind

    for n in range(0, 30, 2):
        source.values[f"k{n}"] = bad
    found = build(parts, source).resolve_many([f"acme://k{n}" for n in range(30)])
    got = [value(each) for each in found.values()]
    assert got[1::2] == [b"%d" % n for n in range(1, 30, 2)]
    assert got[::2] == [("failed", "no_answer")] * 15


def test_mixed_sources_fail_alone(parts):
    """One dead provider took down every reference of the program."""
    hanging, go = remote("hanging", x=b""), threading.Event()
    hanging.before = lambda _: go.wait(PATIENCE)
    down, good = remote("down", x=DOWN), remote("good", x=b"1")

    def explode():
        raise UnavailableError("broken", "broken")

    local, raising = Scripted("local", x=b"2"), remote("raising", x=explode)
    refs = ["hanging://x", "down://x", "good://x", "local://x", "raising://x", "nobody://x", "not a ref", "k"]
    parts.vault.put("k", b"3")
    found = build(parts, hanging, down, good, local, raising).resolve_many(refs, deadline=Deadline.after(2))
    go.set()
    assert [value(found[ref]) for ref in refs] == [
        ("failed", "deadline"),
        ("failed", "down"),
        b"1",
        b"2",
        ("failed", "broken"),
        ("failed", "source_missing"),
        ("failed", "invalid_reference"),
        b"3",
    ]


def test_a_dead_reference_leaves_time_for_the_fallbacks_of_others(parts):
    """The pass waited for the dead one to the end; the fallback of another, which would have answered at once, was
    then too late."""
    dead, go = remote("dead", x=b""), threading.Event()
    dead.before = lambda _: go.wait(PATIENCE)
    down, good = remote("down", x=DOWN), remote("good", x=b"good")
    refs = ["dead://x", table("down://x", fallback=["good://x"]), table("dead://y", fallback=["good://x"])]
    found = build(parts, dead, down, good).resolve_many(refs, deadline=Deadline.after(3))
    go.set()
    assert [value(each) for each in found.values()] == [("failed", "deadline"), b"good", b"good"]


def test_a_reference_has_its_own_time_limit(parts):
    source = remote(x=b"1", y=b"2")
    limits = []
    source.before = lambda deadline: limits.append(deadline.remaining())
    resolver = build(parts, source)
    resolver.resolve(table("acme://x", timeout_ms=1500))
    resolver.resolve(table("acme://y"))
    assert 0 < limits[0] <= 1.5 < limits[1] <= 20


def test_a_deadline_that_is_over_asks_nobody_and_is_nobodys_fault(parts):
    """A caller without time made the source look dead to all others for a while."""
    source, local = remote(x=b"1"), Scripted("local", x=b"1")
    resolver = build(parts, source, local, negative_seconds=100)
    for ref in ("acme://x", "local://x", "vault://x"):
        assert value(resolver.resolve(ref, deadline=Deadline.after(-1))) == ("failed", "deadline")
    assert source.calls == local.calls == []
    assert value(resolver.resolve("acme://x")) == b"1"
    assert value(resolver.resolve("local://x")) == b"1"


def test_a_call_that_never_comes_back_does_not_hold_its_reference_for_ever(parts):
    source, never = remote(x=b"value"), threading.Event()
    source.before = lambda _: never.wait(PATIENCE) if len(source.calls) == 1 else None
    resolver = build(parts, source)
    while not source.calls:  # a deadline that is over already asks nobody
        assert value(resolver.resolve("acme://x", deadline=Deadline.after(0.1))) == ("failed", "deadline")
    assert value(resolver.resolve("acme://x")) == b"value"
    never.set()


def test_without_threads_the_calls_are_made_one_after_the_other(parts, monkeypatch):
    source = remote(x=b"1", y=b"2")
    resolver = build(parts, source)

    def start(_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    found = resolver.resolve_many(["acme://x", "acme://y"])
    assert [value(each) for each in found.values()] == [b"1", b"2"]


def test_a_source_that_leaves_a_reference_out(parts):
    source = remote(batch=True, x=b"1")
    source.resolve = lambda refs, _: {ref: SensitiveBytes(b"1") for ref in refs if ref.target == "x"}
    found = build(parts, source).resolve_many(["acme://x", "acme://y"])
    assert [value(each) for each in found.values()] == [b"1", ("failed", "no_answer")]


HANGING = """
import sys, threading, time
from pathlib import Path
from typing import Any
from tests.resolve.scripted import Scripted, build
from tests.support import Parts
from palyra_kernel.values.deadline import Deadline

source = Scripted(cache=sys.argv[2], may_block=True, x=b"1")
source.before = lambda _: time.sleep(1000)
resolver = build(Parts(Path(sys.argv[1])), source)
print(resolver.resolve("acme://x", deadline=Deadline.after(0.2)).error.code, flush=True)
"""


@pytest.mark.parametrize("cache", ["local", "remote"])
def test_a_call_that_hangs_does_not_hold_up_the_end_of_the_process(tmp_path, cache):
    """A pool of threads is joined when the interpreter ends: a dead source kept the program from exiting."""
    ran = subprocess.run(
        [sys.executable, "-c", HANGING, str(tmp_path / "heads"), cache],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=Path.cwd(),
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "deadline\n", "")

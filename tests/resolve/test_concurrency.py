"""Many threads that resolve, reload, run and close: nothing is torn, and only ``closed`` is raised."""

from __future__ import annotations

import itertools
import os
import random
import signal
import sys
import threading

import pytest

from palyra_kernel.errors import UnavailableError
from tests.resolve.scripted import Scripted, build, table, value

NAMES = [f"k{n}" for n in range(6)]


class Truth:
    """A source whose values all change at once; each answer names the moment it was read at."""

    def __init__(self, **options):
        self.moment = itertools.count(1)
        self.source = Scripted(**options)
        self.now = 0
        for name in NAMES:
            self.source.values[name] = lambda ref: f"{ref.target}={self.now}".encode()

    def change(self):
        self.now = next(self.moment)


def crowd(work, count=8):
    failures, lock = [], threading.Lock()

    def run(n):
        try:
            work(n)
        except BaseException as error:  # noqa: BLE001  # the test judges it
            with lock:
                failures.append(error)

    threads = [threading.Thread(target=run, args=(n,), daemon=True) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(50)
        assert not thread.is_alive()
    return failures


@pytest.mark.parametrize(("cache", "batch"), [("local", True), ("local", False), ("remote", True)])
def test_everybody_at_once(parts, cache, batch):
    """No exception, each value under its own name, and frozen values go forward only with the generation."""
    truth = Truth(cache=cache, batch=batch)
    resolver = build(parts, truth.source)
    policies = [
        {"refresh_policy": refresh, "snapshot_policy": snapshot}
        for refresh in ("on_startup", "on_reload", "per_run", "per_use")
        for snapshot in ("freeze_until_reload", "refresh_per_run", "refresh_per_use")
    ]

    def work(n):
        chance = random.Random(n)
        for _ in range(40):
            refs = [table(f"acme://{name}", **chance.choice(policies)) for name in chance.sample(NAMES, 3)]
            match chance.randrange(6):
                case 0:
                    truth.change()
                case 1:
                    resolver.reload()
                case 2:
                    with resolver.run() as run:
                        for _ in range(3):
                            check(run.resolve_many(refs))
                case 3:
                    resolver.states()
                    resolver.explain(refs[0])
                case _:
                    check(resolver.resolve_many(refs))

    def check(found):
        for ref, outcome in found.items():
            name, _, moment = value(outcome).partition(b"=")
            assert name.decode() == ref.target
            assert int(moment) <= truth.now

    assert crowd(work) == []
    assert resolver._chains._asker._flights._flights == {}


def test_no_pass_mixes_what_was_before_and_after_a_reload(parts):
    """Half of a pair of keys was read before a reload and the other after it: user and password did not fit."""
    truth = Truth(batch=True)
    resolver = build(parts, truth.source)
    before = [table(f"acme://{name}", refresh_policy="on_reload") for name in NAMES[:5]]
    resolver.resolve_many(before)
    fresh = itertools.count(1)

    def work(n):
        if n == 0:
            for _ in range(200):
                truth.change()
                resolver.reload()
            return
        for _ in range(25):
            # Nobody read the last one before, so it is read now, while the others are shown.
            last = table("acme://k5", refresh_policy="on_reload", max_bytes=1000 + next(fresh))
            found = resolver.resolve_many([*before, last])
            assert len({outcome.metadata.generation for outcome in found.values()}) == 1
            *kept, read = [int(value(outcome).partition(b"=")[2]) for outcome in found.values()]
            assert len(set(kept)) == 1
            assert (
                kept[0] <= read <= kept[0] + 1
            )  # it may have changed already, and the reload be about to come

    assert crowd(work, 4) == []


def test_a_reading_from_before_a_reload_is_not_shown_after_it(parts):
    """The reload had read the new value; a slow first reading of another reference brought the old one and froze it."""
    truth = Truth()
    resolver = build(parts, truth.source)
    first, second = (table(f"acme://{name}", refresh_policy="on_reload") for name in ("k0", "k1"))
    resolver.resolve(first)
    read, go = threading.Event(), threading.Event()

    def slow(ref):
        answer = f"{ref.target}={truth.now}".encode()
        if not read.is_set():
            read.set()
            go.wait(30)
        return answer

    truth.source.values["k1"] = slow
    got = {}
    thread = threading.Thread(target=lambda: got.update(resolver.resolve_many([first, second])), daemon=True)
    thread.start()
    assert read.wait(30)
    truth.change()
    resolver.reload()
    go.set()
    thread.join(30)
    assert [value(got[ref]) for ref in (first, second)] == [b"k0=1", b"k1=1"]
    assert value(resolver.resolve(second)) == b"k1=1"


def test_what_is_read_first_during_a_reload_is_read_again(parts):
    """It came into memory while the reload read the others, was taken for a part of it, and stayed old."""
    truth = Truth()
    resolver = build(parts, truth.source)
    first, second = (table(f"acme://{name}", refresh_policy="on_reload") for name in ("k0", "k1"))
    resolver.resolve(first)

    def changes(ref):
        if truth.now == 0:
            assert value(resolver.resolve(second)) == b"k1=0"  # somebody else, in the middle of the reload
            truth.change()
        return f"{ref.target}={truth.now}".encode()

    truth.source.values["k0"] = changes
    resolver.reload()
    assert value(resolver.resolve(first)) == b"k0=1"
    assert value(resolver.resolve(second)) == b"k1=1"


def test_reloads_come_one_after_the_other(parts):
    """Two at once: the slower one had read first, and what it had read was shown last."""
    truth = Truth()
    resolver = build(parts, truth.source)
    ref = table("acme://k0", refresh_policy="on_reload")
    resolver.resolve(ref)
    now, most, lock = [0], [0], threading.Lock()

    def before(_):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        truth.change()
        with lock:
            now[0] -= 1

    truth.source.before = before

    def work(n):
        for _ in range(20):
            resolver.reload()

    assert crowd(work) == []
    assert most == [1]
    assert resolver.generation == 161
    assert value(resolver.resolve(ref)) == b"k0=160"


def test_closing_in_the_middle(parts):
    truth = Truth(cache="remote", batch=True)
    for _ in range(10):
        resolver = build(parts, truth.source)
        gate = threading.Barrier(8)

        def work(n, resolver=resolver, gate=gate):
            gate.wait(30)
            if n == 0:
                resolver.close()
                return
            try:
                for k in range(20):
                    resolver.resolve(table(f"acme://{NAMES[k % 6]}", refresh_policy="per_use"))
                    if n % 3 == 0:
                        resolver.reload()
            except UnavailableError as error:
                if error.code != "closed":
                    raise

        assert crowd(work) == []
        assert not resolver._memory._entries


@pytest.mark.parametrize("act", ["resolve", "reload", "states", "problems", "close"])
def test_the_child_of_a_fork_does_not_wait_for_a_thread_that_it_has_not(parts, act):
    """Another thread resolved at that moment: in the child its lock was held for ever, whatever the deadline."""
    if sys.platform == "win32":
        pytest.skip("there is no fork")
    resolver = build(parts, Truth().source)
    given = [table("acme://k1")] if act == "resolve" else []
    with resolver._lock, resolver._flights._lock, resolver._failures._lock:
        child = os.fork()
        if child == 0:
            signal.alarm(60)
            code = "done"
            try:
                getattr(resolver, act)(*given)
            except UnavailableError as error:
                code = error.code
            finally:
                os._exit({"forked": 7, "done": 0}.get(code, 1))
        _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == (0 if act == "close" else 7)

"""Where runtime states are kept: what is written when, what several writers make of it, and what a lost one costs."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from palyra_kernel.auth.cooldowns import PROBE_MS, RuntimeState
from palyra_kernel.auth.runtime import BELIEVED_MS, MOST_AT_ONCE, STATES, RuntimeStates, moved_keys
from palyra_kernel.errors import UnavailableError
from palyra_kernel.records import Change
from palyra_kernel.testing import MemoryRecordStore
from tests.auth.choosing import NOW, OPENAI
from tests.support import Parts


class Counting(MemoryRecordStore):
    """Counts what is asked of it, and refuses to write while ``full``."""

    commits = reads = 0
    full = False

    def commit(self, checks, puts, deletes):
        if self.full:
            raise UnavailableError("no_room", "the disk is full")
        self.commits += 1
        super().commit(checks, puts, deletes)

    def get(self, key):
        self.reads += 1
        return super().get(key)


@pytest.fixture
def store(tmp_path):
    return Counting.open(f"memory://{tmp_path}/runtime")


@pytest.fixture
def open_states(tmp_path, store):
    """Another process that has the vault open."""

    def opened(own=None):
        return RuntimeStates(Parts(tmp_path / "heads", store=own or store).records, random=lambda: 1.0)

    return opened


@pytest.fixture
def states(open_states, store):
    opened = open_states()
    store.commits = store.reads = 0
    return opened


def test_a_thousand_successes_are_one_write_a_second(states, open_states, store):
    """Hazard H44 of auth profiles: each successful call rewrote the state."""
    for number in range(3000):
        states.used("a", NOW + number)
        states.succeeded("a", "call", now_ms=NOW + number)
    assert store.commits == 3
    assert states.read("a", NOW + 3000).last_success_ms == NOW + 2999
    assert open_states().read("a", NOW + 3000).last_success_ms == NOW + 2000
    states.flush()
    states.flush()
    assert store.commits == 4
    assert open_states().read("a", NOW + 3000).last_used_ms == NOW + 2999


def test_who_chooses_neither_writes_nor_waits_for_who_does(states, store):
    """Hazard H44 of auth profiles: the state was rewritten inside of the call, up to a second of lock included."""
    held, done = threading.Event(), threading.Event()

    def hold():
        with store.shelf.writer:
            held.set()
            assert done.wait(30)

    with ThreadPoolExecutor(1) as thread:
        holding = thread.submit(hold)
        assert held.wait(30)
        for number in range(100):
            states.read("a", NOW + number)
            states.used("a", NOW + number)
        done.set()
        holding.result(30)
    assert store.commits == 0
    assert store.reads == 1 + 99 // BELIEVED_MS


def test_many_uses_are_written_in_pieces(states, open_states, store):
    for number in range(2 * MOST_AT_ONCE + 1):
        states.used(f"p{number}", NOW)
    states.flush()
    assert store.commits == 3
    assert len(open_states().all(NOW)) == 2 * MOST_AT_ONCE + 1


def test_a_failure_is_there_for_all_at_once(states, open_states):
    """Hazard H4 of auth profiles: failures were not written down."""
    other = open_states()
    other.read("a", NOW)
    states.used("a", NOW)
    assert not states.failed("a", "rate_limit", OPENAI, now_ms=NOW)
    assert states.read("a", NOW).cooling_until_ms(NOW, stale=False) == NOW + 60_000
    assert other.read("a", NOW + BELIEVED_MS).cooling_until_ms(NOW, stale=False) == NOW + 60_000
    other.succeeded("a", "call", now_ms=NOW + BELIEVED_MS)
    assert states.read("a", NOW + 2 * BELIEVED_MS).cooldowns == {}


def test_failures_of_several_processes_all_count(open_states):
    """Hazard H34 of auth profiles: processes lost each other's updates."""
    processes = [open_states() for _ in range(4)]

    def report(number):
        for _ in range(10):
            processes[number].failed(f"p{number % 2}", "rate_limit", OPENAI, now_ms=NOW)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(report, range(4)))
    for profile in ("p0", "p1"):
        assert open_states().read(profile, NOW).failures == 20


def test_a_static_key_that_is_refused_twice_is_reported(states, open_states):
    """Hazard H6 of auth profiles: a refused key came back for ever."""
    assert not states.failed("a", "auth_invalid", OPENAI, now_ms=NOW, static=True)
    assert open_states().failed("a", "auth_invalid", OPENAI, now_ms=NOW + 300_000, static=True)


def test_one_of_fifty_callers_tries(open_states):
    """Hazard H31 of auth profiles: after the pause all callers tried at once."""
    processes = [open_states() for _ in range(5)]
    processes[0].failed("a", "transient", OPENAI, now_ms=NOW)
    later = NOW + 15_000
    for each in processes:
        assert each.read("a", later).half_open(later, stale=False)
    with ThreadPoolExecutor(10) as threads:
        tries = list(threads.map(lambda n: processes[n % 5].claim("a", later, stale=False), range(50)))
    assert tries.count(True) == 1
    assert not processes[0].claim("a", later + PROBE_MS - 1, stale=False)
    processes[1].release("a")  # nothing was found out
    assert processes[0].claim("a", later + 1, stale=False)
    assert processes[2].claim("a", later + 1 + PROBE_MS, stale=False)  # who tried is dead
    processes[2].succeeded("a", "call", now_ms=later + 1 + PROBE_MS)
    assert all(each.claim("a", later + 2 + PROBE_MS, stale=False) for each in processes)


def test_a_probe_that_fails_closes_it_for_longer(states):
    states.failed("a", "rate_limit", OPENAI, now_ms=NOW)
    later = NOW + 60_000
    assert states.claim("a", later, stale=False)
    states.failed("a", "rate_limit", OPENAI, now_ms=later)
    assert states.read("a", later).cooling_until_ms(later, stale=False) == later + 120_000


def test_clearing_is_for_all(states, open_states):
    """Hazard H12 of auth profiles: the cooldown was back at the next look."""
    states.failed("a", "quota", OPENAI, now_ms=NOW)
    assert open_states().clear("a").cooldowns == {}
    assert states.read("a", NOW + BELIEVED_MS).cooldowns == {}


def test_a_damaged_state_begins_anew_and_that_is_told(states, open_states, store):
    """Hazard H36, invariant I10 of auth profiles: a damaged file that nobody needs stopped the start."""
    states.failed("a", "quota", OPENAI, now_ms=NOW)
    states.failed("b", "quota", OPENAI, now_ms=NOW)
    damaged = next(record for record in store.shelf.records.values() if record.key == states._key("a"))
    store.shelf.records[damaged.key] = damaged._replace(value=damaged.value[:-1] + b"!")
    other = open_states()
    assert other.read("a", NOW) == RuntimeState(id="a")
    assert other.rebuilt == {"a": "record_tampered"}
    assert other.all(NOW).keys() == {"b", "a"}
    other.failed("a", "rate_limit", OPENAI, now_ms=NOW)
    assert other.rebuilt == {}
    assert open_states().read("a", NOW).failures == 1


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"{",
        b"\xff",
        b"[]",
        b'{"format":2,"state":{"id":"a"}}',
        b'{"format":1,"state":{"id":"b"}}',
        b'{"format":1,"state":{"id":"a","cooldowns":{"quota":{"until_ms":"x"}}}}',
    ],
)
def test_a_document_that_is_none(states, document):
    """Invariant I10 of auth profiles: what cannot be understood is rebuilt."""
    change = Change()
    change.put(states._key("a"), document)
    states._records.commit(change)
    assert states.read("a", NOW) == RuntimeState(id="a")
    assert "a" in states.rebuilt
    states.clear("a")
    assert states.rebuilt == {}


def test_a_full_disk_loses_no_use(states, open_states, store):
    store.full = True
    states.succeeded("a", "call", now_ms=NOW)
    states.succeeded("a", "call", now_ms=NOW + 5000)
    with pytest.raises(UnavailableError):
        states.flush()
    with pytest.raises(UnavailableError):
        states.failed("a", "quota", OPENAI, now_ms=NOW)
    store.full = False
    states.flush()
    assert open_states().read("a", NOW).last_success_ms == NOW + 5000


def test_a_profile_that_is_gone_leaves_nothing(states, open_states, store):
    states.failed("a", "quota", OPENAI, now_ms=NOW)
    states.used("a", NOW)
    states.forget("a")
    states.flush()
    assert not list(store.scan(STATES.prefix, None, 10))
    assert open_states().read("a", NOW) == RuntimeState(id="a")


def test_a_clock_that_goes_back_looks_again(states, store):
    states.read("a", NOW)
    store.reads = 0
    states.read("a", NOW - 10**6)
    assert store.reads == 1
    states.succeeded("a", "call", now_ms=NOW)
    commits = store.commits
    states.succeeded("b", "call", now_ms=NOW - 10**6)
    states.succeeded("b", "call", now_ms=NOW - 10**6 + 1)
    assert store.commits == commits + 1


def test_another_root_key_gives_other_names(states, store):
    """A change of the root key left every record where nobody looks for it any more."""
    states.failed("a", "quota", OPENAI, now_ms=NOW)
    moved = moved_keys(states._records, lambda *parts: ":".join(parts).encode())
    assert moved == {states._key("a"): STATES.key(b"auth state:a")}

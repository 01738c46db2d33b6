"""How often a remote source may be called, whoever calls and however often the program starts.

Elsewhere a restart loop with an eager resolver used up a provider's quota for an hour at a time.
"""

from __future__ import annotations

import multiprocessing
import threading

import msgspec
import pytest

from palyra_kernel.config import BucketConfig
from palyra_kernel.errors import IntegrityError, UnavailableError
from palyra_kernel.records.change import Change
from palyra_kernel.resolve.buckets import BUCKETS, Buckets, Level

MINUTE = 60_000


class Clock:
    def __init__(self, now=10**12):
        self.now = now

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def made(parts, clock, burst=3, per_minute=6.0):
    return Buckets(
        parts.records, {"acme": BucketConfig(burst=burst, per_minute=per_minute)}, BucketConfig(), clock
    )


def taken(buckets, most=1000):
    """How many calls there are now."""
    count = 0
    while count < most and buckets.take("acme") == 0:
        count += 1
    return count


def write(parts, document):
    key = BUCKETS.key("acme")
    change = Change()
    change.check(key, parts.records.read(key).version)
    change.put(key, document)
    parts.records.commit(change)


def test_a_burst_then_what_comes_back(parts, clock):
    buckets = made(parts, clock)
    assert taken(buckets) == 3
    assert buckets.take("acme") == pytest.approx(10.0)
    assert buckets.left("acme") == (0, 3)
    clock.now += 9_000
    assert buckets.take("acme") == pytest.approx(1.0)
    clock.now += 1_000
    assert taken(buckets) == 1
    clock.now += 10 * MINUTE
    assert buckets.left("acme") == (3, 3)
    assert taken(buckets) == 3


def test_waiting_in_small_steps_loses_nothing(parts, clock):
    buckets = made(parts, clock)
    taken(buckets)
    count = 0
    for _ in range(600):
        clock.now += 100
        count += buckets.take("acme") == 0
    assert count == 6


def test_it_survives_a_new_opening(parts, clock):
    assert taken(made(parts, clock)) == 3
    assert taken(made(parts, clock)) == 0


def test_each_source_has_its_own(parts, clock):
    buckets = made(parts, clock)
    taken(buckets)
    assert buckets.take("other") == 0
    assert buckets.left("other") == (119, 120)


def test_a_smaller_bucket_holds_less_at_once(parts, clock):
    taken(made(parts, clock, burst=100), most=1)
    assert taken(made(parts, clock, burst=2)) == 2


def test_a_clock_that_is_set_forward_gives_no_more_than_a_bucket(parts, clock):
    buckets = made(parts, clock)
    taken(buckets)
    clock.now += 10**15
    assert taken(buckets) == 3


def test_a_clock_that_is_set_back_gives_nothing_and_takes_nothing_for_long(parts, clock):
    """A bucket that was emptied while the clock was years ahead stayed empty until then."""
    buckets = made(parts, clock)
    clock.now += 75 * 365 * 24 * 60 * MINUTE
    assert taken(buckets) == 3
    clock.now = 10**12
    assert taken(buckets) == 0
    clock.now += 20_000
    assert taken(buckets) == 2
    clock.now -= 5_000
    assert taken(buckets) == 0
    clock.now += 10_000
    assert taken(buckets) == 1


@pytest.mark.parametrize(
    "document",
    [b"", b"{", b"[]", b'{"tokens":"3","at_ms":1}', b'{"tokens":3}', b'{"tokens":3,"at_ms":1,"x":1}'],
)
def test_what_cannot_be_read_is_no_call(parts, clock, document):
    """The error of the decoder ended the thread that made the calls, with a traceback on the terminal."""
    write(parts, document)
    buckets = made(parts, clock)
    for ask in (buckets.take, buckets.left):
        with pytest.raises(IntegrityError) as caught:
            ask("acme")
        assert caught.value.code == "record_damaged"
        assert caught.value.__context__ is None


def test_a_record_that_says_more_than_the_bucket_holds(parts, clock):
    write(parts, msgspec.json.encode(Level(1e300, clock.now)))
    assert taken(made(parts, clock)) == 3


def test_what_cannot_be_counted_is_no_call(parts, clock, monkeypatch):
    buckets = made(parts, clock)

    def commit(change):
        raise UnavailableError("locked", "the store is locked")

    monkeypatch.setattr(parts.records, "commit", commit)
    with pytest.raises(UnavailableError):
        buckets.take("acme")


def test_threads_share_it(parts, clock):
    """Eight threads that count at once made one another fail."""
    buckets, count, lock = made(parts, clock, burst=40), [0], threading.Lock()

    def work():
        for _ in range(10):
            if buckets.take("acme") == 0:
                with lock:
                    count[0] += 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert count == [40]


def greedy(places, gate, results):
    with places.open() as kernel:
        buckets = Buckets(kernel._records, {"acme": BucketConfig(burst=20, per_minute=0.01)}, BucketConfig())
        gate.wait(120)
        count = failed = 0
        for _ in range(5):
            try:
                count += buckets.take("acme") == 0
            except UnavailableError:
                failed += 1
        results.put((count, failed))


@pytest.mark.timeout(180)  # sixteen interpreters start, and none goes on before the last has
def test_sixteen_processes_take_no_more_than_there_is(places):
    """80 calls are wanted, 20 are there, and none comes back meanwhile (one in 100 minutes)."""
    places.create().close()
    context = multiprocessing.get_context("spawn")
    gate, results = context.Barrier(16), context.Queue()
    workers = [context.Process(target=greedy, args=(places, gate, results), daemon=True) for _ in range(16)]
    for worker in workers:
        worker.start()
    got = [results.get(timeout=120) for _ in workers]
    for worker in workers:
        worker.join(60)
    assert sum(count for count, _ in got) == 20
    assert sum(failed for _, failed in got) == 0

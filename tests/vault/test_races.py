"""Many writers at once: every acknowledged write is there, and a refused one is never what anybody reads."""

import multiprocessing
import threading

import pytest

from palyra_kernel.errors import ConflictError, NotFoundError
from tests.support import Places

PROCESSES = 16
ROUNDS = 12
spawn = multiprocessing.get_context("spawn")


def test_a_refused_concurrent_write_is_never_what_get_returns(parts):
    """A blob under a name derived from the key was overwritten by the loser of a race, whose write was refused."""
    parts.vault.put("global/a", b"0")
    store = parts.objects.store

    def other_writer_comes_first(blobs, *change):
        parts.objects.store = store
        parts.vault.put("global/a", b"winner")
        store(blobs, *change)

    parts.objects.store = other_writer_comes_first
    with pytest.raises(ConflictError):
        parts.vault.put("global/a", b"loser", expected_version=1)
    assert parts.vault.get("global/a") == b"winner"
    assert parts.vault.put("global/a", b"x", expected_version=2).version == 3


def test_an_unconditional_write_that_lost_a_race_is_done_again_on_top(parts):
    parts.vault.put("global/a", b"0")
    store = parts.objects.store

    def other_writer_comes_first(blobs, *change):
        parts.objects.store = store
        parts.vault.put("global/a", b"first")
        store(blobs, *change)

    parts.objects.store = other_writer_comes_first
    assert parts.vault.put("global/a", b"second").version == 3
    assert parts.vault.get("global/a?version=2") == b"first"
    assert parts.vault.get("global/a") == b"second"
    parts.objects.tidy()
    assert len(parts.backend.list(None, 100)) == 3  # the refused blob is gone


def test_a_value_that_is_replaced_while_it_is_read(parts):
    """Retention drops the old blob between the reader's two reads: it reads the record again, once is enough."""
    for number in range(10):
        parts.vault.put("global/a", b"%d" % number)
    fetch = parts.objects.fetch

    def late(ids):
        parts.objects.fetch = fetch
        for number in range(10):
            parts.vault.put("global/a", b"new%d" % number)
        parts.objects.tidy()
        return fetch(ids)

    parts.objects.fetch = late
    assert parts.vault.get("global/a") == b"new9"


def test_threads_share_one_kernel(kernel):
    def work(number):
        for round_ in range(20):
            kernel.vault.put(f"own{number}", b"%d" % round_)
            kernel.vault.put("shared", b"%d" % number)
            assert kernel.vault.get(f"own{number}") == b"%d" % round_

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert kernel.vault.stat("shared").version == 160
    assert kernel.verify() == []


def _write(base, number, barrier, results):
    barrier.wait()
    with Places(base).open() as kernel:
        for round_ in range(ROUNDS):
            kernel.vault.put(f"own/{number}/{round_}", b"%d:%d" % (number, round_))
            kernel.vault.put("shared", b"%d" % number)
            while True:  # a counter by compare-and-set
                version = kernel.vault.stat("counter").version
                try:
                    value = int(kernel.vault.get(f"counter?version={version}").reveal())
                    kernel.vault.put("counter", b"%d" % (value + 1), expected_version=version)
                except (ConflictError, NotFoundError):  # somebody was faster, once or ten times
                    continue
                break
    results.put(number)


@pytest.mark.timeout(240)
def test_sixteen_processes_lose_nothing(tmp_path):
    """Hazard D2: measured elsewhere: of 200 writes acknowledged by two processes, four could be read
    afterwards."""
    places = Places(tmp_path)
    with places.create() as kernel:
        kernel.vault.put("counter", b"0")
    barrier, results = spawn.Barrier(PROCESSES), spawn.Queue()
    processes = [
        spawn.Process(target=_write, args=(tmp_path, number, barrier, results)) for number in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    finished = sorted(results.get(timeout=200) for _ in processes)
    for process in processes:
        process.join()
    assert finished == list(range(PROCESSES))
    with places.open() as kernel:
        for number in range(PROCESSES):
            for round_ in range(ROUNDS):
                assert kernel.vault.get(f"own/{number}/{round_}") == b"%d:%d" % (number, round_)
        assert kernel.vault.get("counter") == b"%d" % (PROCESSES * ROUNDS)
        assert kernel.vault.stat("shared").version == PROCESSES * ROUNDS
        assert [finding.code for finding in kernel.verify()] in ([], ["orphans"])

"""What a call costs as the vault grows: counted in bytes and calls, which no busy machine changes."""

import os
import statistics
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.support import Parts

COUNTERS = Path("/proc/self/io")
BATCH = 1000


def fill(vault, upto, start=0):
    for first in range(start, upto, BATCH):
        vault.put_many({f"k{number}": b"x" * 51 for number in range(first, min(upto, first + BATCH))})


def written():
    """Bytes that this process has handed to write calls so far."""
    return int(COUNTERS.read_text().partition("wchar: ")[2].split()[0])


@pytest.mark.skipif(not COUNTERS.exists(), reason="counts of the Linux kernel")
def test_a_put_writes_as_much_into_a_large_vault_as_into_a_small_one(kernel):
    """Hazard P1: a put wrote all secrets and the whole index anew, 18 MB for 51 bytes at 10,000 secrets."""
    cost, size = {}, 0
    for upto in (100, 1_000, 10_000):
        fill(kernel.vault, upto, size)
        size, puts = upto, []
        for number in range(25):
            before = written()
            kernel.vault.put(f"k{number * 7}", b"y" * 51)
            puts.append(written() - before)
        cost[upto] = statistics.median(puts)
    assert cost[10_000] <= 2 * cost[100]
    assert cost[1_000] <= 2 * cost[100]
    assert cost[100] < 256 * 1024


@pytest.mark.parametrize("size", [0, 51, 1024, 65_536])
def test_a_stored_value_is_little_larger_than_the_value(parts, size):
    """Hazard P2: bytes were stored as JSON numbers, 51 bytes as 1.5 KB and 64 KiB as 295 KB."""
    parts.vault.put("principal:" + "p" * 256 + "/" + "k" * 128, b"\xff" * size)
    ((_, blob),) = parts.backend.shelf.blobs.items()
    assert len(blob) <= 1.1 * size + 512


@pytest.mark.timeout(180)
def test_there_is_no_ceiling(kernel):
    """Hazard P3: a store of 32 MiB was full at 113 secrets of 64 KiB, or about 22,000 small ones, and said "Io"."""
    fill(kernel.vault, 23_000)
    for first in range(0, 520, 40):
        kernel.vault.put_many(
            {f"full/{number}": os.urandom(1024) * 64 for number in range(first, first + 40)}
        )
    assert kernel.vault.get("k22999") == b"x" * 51
    with kernel.vault.get("full/519") as value:
        assert len(value) == 65_536
    listed = cursor = 0
    while cursor is not None:
        page = kernel.vault.list(limit=5000, cursor=cursor or None)
        listed, cursor = listed + len(page), page.next_cursor
    assert listed == 23_520


def test_a_get_costs_the_same_in_a_large_vault(tmp_path):
    """Hazard P4: a get went through all entries, and started a program for each secret in the store of an operating
    system."""
    cost = []
    for size in (100, 10_000):
        calls: Counter[str] = Counter()
        plain = Parts(tmp_path / str(size))
        fill(plain.vault, size)
        for owner, name in (
            (plain.store, "get"),
            (plain.store, "scan"),
            (plain.backend, "get"),
            (plain.backend, "list"),
        ):
            _count(calls, owner, name)
        assert plain.vault.get(f"k{size - 1}") == b"x" * 51
        cost.append(dict(calls))
    assert cost[0] == cost[1] == {"MemoryRecordStore.get": 2, "MemoryBackend.get": 1}


def _count(calls, owner, name):
    original = getattr(owner, name)

    def call(*args, **kwargs):
        calls[f"{type(owner).__name__}.{name}"] += 1
        return original(*args, **kwargs)

    setattr(owner, name, call)


def test_a_batch_of_a_hundred_is_one_commit(parts):
    """Hazard P4: a hundred secrets were a hundred rewrites."""
    calls: Counter[str] = Counter()
    for owner, name in ((parts.store, "commit"), (parts.backend, "put"), (parts.backend, "get")):
        _count(calls, owner, name)
    parts.vault.put_many({f"k{number}": b"x" for number in range(100)})
    assert calls == {"MemoryRecordStore.commit": 1, "MemoryBackend.put": 1}
    parts.vault.get_many([f"k{number}" for number in range(100)])
    assert calls["MemoryBackend.get"] == 1


def test_no_program_is_started(kernel, monkeypatch):
    """Hazard P4: each call to the store of an operating system was a process."""

    def refused(*_args, **_kwargs):
        raise AssertionError("a program was started")

    monkeypatch.setattr(subprocess, "Popen", refused)
    for name in ("fork", "posix_spawn", "system"):
        if hasattr(os, name):
            monkeypatch.setattr(os, name, refused)
    fill(kernel.vault, 10)
    assert kernel.vault.get("k9") == b"x" * 51
    assert len(kernel.vault.list()) == 10
    assert kernel.vault.delete("k9")
    kernel.vault.gc()
    assert kernel.verify() == []
    assert "subprocess" in sys.modules

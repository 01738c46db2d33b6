"""The wall clock is set back, set forward, and set while somebody waits: nothing is lost and nothing hangs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from palyra_kernel import Deadline
from tests.faults.children import WAIT

DAY = 24 * 3600
YEARS = 3650 * DAY


@pytest.fixture
def clock(monkeypatch):
    """Moves the wall clock of this process by seconds."""
    import time

    real = time.time_ns

    def move(seconds):
        monkeypatch.setattr(time, "time_ns", lambda: real() + seconds * 1_000_000_000)

    return move


@pytest.mark.parametrize("jump", [-YEARS, YEARS], ids=["back", "forward"])
def test_a_clock_that_jumps_costs_no_value(kernel, clock, jump):
    """Hazard K5: what is ordered by time is in disorder when the clock jumps: the old version is the newest."""
    vault = kernel.vault
    for number in range(3):
        vault.put("a", b"%d" % number)
        clock(jump * (number + 1))
        vault.gc()
    vault.delete("a")
    clock(0)
    vault.undelete("a")
    vault.gc()
    assert [vault.get(f"a?version={number}").reveal() for number in (1, 2, 3)] == [b"0", b"1", b"2"]
    assert vault.get("a") == b"2"
    assert kernel.verify() == []


def test_a_write_that_slept_through_two_collections_is_done_again(places, kernel, clock, monkeypatch):
    """Hazards D17 and K5: an envelope that waits for its index entry looks like garbage; a day's jump makes it old."""
    store = kernel._objects.store

    def slept(blobs, *change):
        monkeypatch.setattr(kernel._objects, "store", store)
        store(blobs, *change)
        with places.open() as other:
            other.vault.gc()
            clock(DAY)
            assert other.vault.gc().deleted == 1

    monkeypatch.setattr(kernel._objects, "store", slept)
    kernel.vault.put("a", b"value")
    assert kernel.vault.get("a") == b"value"
    assert kernel.verify() == []


def test_garbage_marked_in_the_future_waits(kernel, clock):
    """Hazard D17: the clock was wrong when it was marked; it is collected later, never too early."""
    kernel.vault.put("a", b"kept")
    kernel._objects.store({"0" * 32: b"left by a crash"})
    clock(YEARS)
    assert kernel.vault.gc().marked == 1
    clock(0)
    report = kernel.vault.gc()
    assert (report.deleted, report.waiting) == (0, 1)
    clock(YEARS + DAY)
    assert kernel.vault.gc().deleted == 1
    assert kernel.vault.get("a") == b"kept"


WAITER = """
import sys
from pathlib import Path
from palyra_kernel.errors import PalyraError
from tests.support import Places
with Places(Path(sys.argv[1])).open() as kernel:
    print("open", flush=True)
    sys.stdin.readline()
    print("waiting", flush=True)
    try:
        kernel.vault.put("a", b"new")
    except PalyraError as error:
        print(error.code, flush=True)
"""


@pytest.mark.real
@pytest.mark.timeout(120)
@pytest.mark.parametrize("now", ["2001-01-01", "2037-01-01"], ids=["back", "forward"])
def test_a_clock_that_jumps_while_somebody_waits(places, tmp_path, now):
    """Hazard K5: a wait by the wall clock ended at once, or never. Ours ends at its deadline, whatever the time."""
    library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
    if library is None:
        pytest.skip("apt-get install libfaketime")
    with places.create() as kernel:
        kernel.vault.put("a", b"old")
        (places.config_dir / "palyra.toml").write_text("[vault]\ndeadline_seconds = 2\n")
        fake = tmp_path / "time"
        fake.write_text("@2020-01-01 00:00:00\n")
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry) or ".",
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(fake),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        with subprocess.Popen(
            [sys.executable, "-c", WAITER, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        ) as waiter:
            assert waiter.stdin is not None
            assert waiter.stdout is not None
            assert waiter.stdout.readline() == "open\n"
            with kernel._objects.backend._inner._database.exclusive(Deadline.after(2 * WAIT)):
                waiter.stdin.write("\n")
                waiter.stdin.flush()
                assert waiter.stdout.readline() == "waiting\n"
                fake.write_text(f"@{now} 00:00:00\n")
                assert waiter.stdout.readline() == "locked\n"
            waiter.communicate(timeout=WAIT)
        kernel.vault.put("a", b"newer")
        assert kernel.vault.get("a") == b"newer"

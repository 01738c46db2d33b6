"""``python -m tests.e2e.ninety_days FOLDER CLOCK DAYS``: so many days of a gateway and its devices, by real handshakes.
CLOCK is the file by which libfaketime tells this process the time; prints what happened as JSON.

The suite takes twelve days; ``dev.py bench ninety-days`` all of them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from palyra_kernel.daemon.pace import Pace
from tests.device.world import Gateway, Machine

BEGIN = datetime(2030, 1, 1, tzinfo=UTC)
STEP = timedelta(hours=8)
AWAY = {"never": 0, "a day": 3, "a week": 21, "29 days": 87}
"""For how many steps a device is away, again and again, after it was there for a day."""
LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)


def main(folder: Path, clock: Path, days: int) -> None:
    """Each device that is there connects, every eight hours; the gateway does what a daemon does every hour, and an
    operator replaces the root early on."""
    time.sleep = threading.Event().wait  # type: ignore[assignment]  # libfaketime and Python's own do not get along
    Pace.take = lambda *_: True  # type: ignore[method-assign]  # weeks pass in seconds here, at one address
    gateway = Gateway(folder / "gateway", offset_ms=0)
    machines = {name: Machine(folder / name.replace(" ", "-"), gateway) for name in AWAY}
    did: dict[str, Counter[str]] = {name: Counter() for name in AWAY}
    bundles, leaves = set(), set()
    with gateway.open() as doors:
        daemon = doors.daemon
        daemon.watcher.stop()  # its pauses are of real time; what it does is done here, step by step
        daemon.loop.call_soon_threadsafe(daemon.devices.reopen)
        for machine in machines.values():
            machine.pair(doors.urls, gateway.pin())
        for number in range(days * 3):
            _set(clock, BEGIN + (number + 1) * STEP)
            if number == days // 4 * 3:
                gateway.identity.authority.rotate_root()
            gateway.identity.tend()
            daemon.contexts.refresh()
            daemon.own.refresh()
            bundles.add(gateway.identity.authority.state().bundle)
            leaves.add(daemon.contexts.current.leaf_hash)
            for name, steps in AWAY.items():
                if number % (3 + steps) < 3:
                    did[name][machines[name].device.renewal.tend().what] += 1
    print(json.dumps({"did": did, "bundles": len(bundles), "leaves": len(leaves)}))


def _set(clock: Path, moment: datetime) -> None:
    """Replaced as a whole: whoever asks for the time in between gets one or the other."""
    fresh = clock.with_suffix(".new")
    fresh.write_text(f"@{moment:%Y-%m-%d %H:%M:%S}")
    fresh.replace(clock)


def run(folder: Path, days: int) -> Any:
    """What happened in *days*, in a process of its own that has another clock. Raises :class:`RuntimeError` if a
    handshake, or anything, failed."""
    clock = folder / "clock"
    _set(clock, BEGIN)
    moved = {
        "LD_PRELOAD": str(LIBRARY),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "TZ": "UTC",
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.e2e.ninety_days", str(folder), str(clock), str(days)],
        env=os.environ | moved,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return json.loads(done.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))

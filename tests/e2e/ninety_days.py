"""``python -m tests.e2e.ninety_days FOLDER CLOCK``: ninety days of a gateway and its devices, by real handshakes. CLOCK is
the file by which libfaketime tells this process the time; prints what happened as JSON."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.device.world import Gateway, Machine

BEGIN = datetime(2030, 1, 1, tzinfo=UTC)
STEP = timedelta(hours=8)
DAYS = 90
AWAY = {"never": 0, "a day": 3, "a week": 21, "29 days": 87}
"""For how many steps a device is away, again and again, after it was there for a day."""
NEW_ROOT_DAY = 20


def main(folder: Path, clock: Path) -> None:
    """Each device that is there connects, every eight hours; the gateway does what a daemon does every hour."""
    time.sleep = threading.Event().wait  # type: ignore[assignment]  # libfaketime and Python's own do not get along
    gateway = Gateway(folder / "gateway", offset_ms=0)
    machines = {name: Machine(folder / name.replace(" ", "-"), gateway) for name in AWAY}
    did: dict[str, Counter[str]] = {name: Counter() for name in AWAY}
    bundles, leaves = set(), set()
    with gateway.open() as daemon:
        daemon.watcher.stop()  # its pauses are of real time; what it does is done here, step by step
        daemon.loop.call_soon_threadsafe(daemon.devices.reopen)
        for machine in machines.values():
            machine.pair(daemon.urls, gateway.pin())
        for number in range(DAYS * 3):
            _set(clock, BEGIN + (number + 1) * STEP)
            if number == NEW_ROOT_DAY * 3:
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
    os.replace(fresh, clock)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

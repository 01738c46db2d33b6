"""A node that is killed, and started anew: what it ran is counted by itself, in a file."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter

import pytest

from palyra_kernel.nodes.lease import Lease
from palyra_kernel.nodes.states import TERMINAL
from palyra_kernel.session.nodes import Result
from palyra_kernel.values.deadline import Deadline
from tests.daemon.nodes.world import HOUR_MS, house_of, opened
from tests.daemon.until import until
from tests.device.lent import paired

_LEASES = 24
_LIVES = (0.02, 0.11, 0.0)
"""Seconds from the first lease of a process to its end."""


class Process:
    def __init__(self, folder, ran) -> None:
        arguments = (folder / "state", folder / "config", ran)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.device.node_process", *map(str, arguments)],
            stdout=subprocess.PIPE,
            text=True,
        )

    def up(self):
        assert self._process.stdout is not None
        assert self._process.stdout.readline().startswith("lending slow")

    def kill(self):
        self._process.kill()
        self._process.communicate()


@pytest.mark.timeout(120)
def test_nothing_runs_twice_whenever_it_is_killed(tmp_path):
    """Hazard H30: a lease that was handed out again after a crash ran again."""
    laptop, ran = tmp_path / "laptop", tmp_path / "ran"
    ran.touch()
    with (
        opened(tmp_path / "house", create=True) as kernel,
        house_of(kernel, tmp_path / "house") as house,
    ):
        with opened(laptop, create=True) as device:
            laptop_id = paired(device.device, house)
        nodes = house.nodes
        nodes.grant(laptop_id, "slow", ttl_ms=HOUR_MS)
        leases: list[Lease] = []
        ended: list[Result] = []
        for life in (*_LIVES, None):
            process = Process(laptop, ran)
            try:
                process.up()
                if not leases:
                    leases = [
                        nodes.invoke(laptop_id, "slow", b'{"n":%d}' % each, timeout_ms=12_000)
                        for each in range(_LEASES)
                    ]
                if life is None:
                    ended = [nodes.wait(lease.id, Deadline.after(40)) for lease in leases]
                else:
                    count = len(ran.read_bytes().splitlines())
                    until(
                        lambda count=count: (
                            len(ran.read_bytes().splitlines()) > count or done(kernel, laptop_id)
                        )
                    )
                    time.sleep(life)  # somewhere in the middle
            finally:
                process.kill()
    times = Counter(ran.read_bytes().splitlines())
    assert set(times.values()) == {1}, times
    assert {each.lease.state for each in ended} <= TERMINAL
    for each, lease in zip(ended, leases, strict=True):
        body = b'{"n":%d}' % leases.index(lease)
        if each.lease.state == "succeeded":
            assert (each.output, times[body]) == (body, 1)
        elif times[body]:  # it died under it, and says so; or it never could
            assert each.lease.ended in ("interrupted", "") or each.lease.state == "expired"
    assert any(each.lease.state == "succeeded" for each in ended)
    assert any(each.lease.ended == "interrupted" for each in ended)


def done(kernel, device):
    return not kernel.nodes.dispatch.line(device).queued

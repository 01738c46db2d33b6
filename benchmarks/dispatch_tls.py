"""Work for a node over mutual TLS, from the question to the node and back, with no heartbeat anywhere."""

from __future__ import annotations

import json
import math
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from queue import Queue
from threading import Thread
from time import perf_counter
from typing import Any

from benchmarks.measure import Row
from benchmarks.scale import Scale
from palyra_kernel.access.system import system_principal
from palyra_kernel.records import Change, Namespace, Records
from palyra_kernel.session.nodes import SessionNodes
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.ids import now_ms
from palyra_kernel.values.ulid import new_ulid
from tests.daemon.nodes.world import House, house_of, opened

_CALLS = 300
_BODY = b'{"say":"hello"}'
_THINGS = Namespace("bench_things", guarded=True)
_TO_NODE, _AND_BACK = 2, 5
"""Durable commits on the way: asked, handed over; acknowledged, begun, answered."""


def rows(scale: Scale) -> Iterator[Row]:
    """Asked in the process of the gateway, and in another one, which the gateway notices by looking at the store."""
    if sys.platform != "linux":
        return  # the clock of two processes is one there
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        kernel = stack.enter_context(opened(folder, create=True))
        house = stack.enter_context(house_of(kernel, folder, ping_seconds=3_600))
        other = stack.enter_context(opened(folder))
        with house.session() as near, other.session(system_principal()) as far, _node(house, folder) as node:
            for who, nodes in (("the gateway", near.nodes), ("another process", far.nodes)):
                yield from _asked(scale, who, nodes, kernel._records, *node)


def _asked(
    scale: Scale, who: str, nodes: SessionNodes, records: Records, device: str, came: Queue[float]
) -> Iterator[Row]:
    calls = scale.calls(_CALLS)
    there, back, floor = list[float](), list[float](), (list[float](), list[float]())
    for _ in range(max(calls, 3)):
        start = perf_counter()
        lease = nodes.invoke(device, "echo", _BODY)
        there.append(came.get(timeout=60) - start)
        if nodes.wait(lease.id, Deadline.after(60)).lease.state != "succeeded":
            raise RuntimeError("the wrong thing is measured")
        back.append(perf_counter() - start)
        for times, count in zip(floor, (_TO_NODE, _AND_BACK), strict=True):
            times.append(_commits(records, count))
    for what, times, beside, count in (
        ("until the node has it", there, floor[0], _TO_NODE),
        ("until its result is there", back, floor[1], _AND_BACK),
    ):
        for name, pick in _PICKED.items():
            raw = {"ours": times, "beside": beside}
            peer = f"{count} bare commits of a record"
            yield Row(f"asked by {who}, {what}, {name}", 0, "s", pick(times), pick(beside), peer, raw)
    print(
        f"dispatch over TLS, asked by {who}: p99 {_p99(there) * 1000:.1f} ms (wanted: below 50 ms)",
        file=sys.stderr,
    )


def _commits(records: Records, count: int) -> float:
    start = perf_counter()
    for _ in range(count):
        change = Change()
        change.put(_THINGS.key(new_ulid(now_ms())), bytes(700))
        records.commit(change)
    return perf_counter() - start


@contextmanager
def _node(house: House, folder: Path) -> Iterator[tuple[str, Queue[float]]]:
    """A process that answers, and says when it got each lease."""
    node = house.node()
    chain, key = node.known.files(folder)
    (folder / "roots.der").write_bytes(b"".join(house.gateway.identity.authority.bundle().roots))
    arguments = (house.daemon.work_port, chain, key, folder / "roots.der")
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.dispatch_node", *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
    )
    came: Queue[float] = Queue()
    assert process.stdout is not None
    hearing = Thread(target=_hear, args=(process.stdout, came))
    try:
        if json.loads(process.stdout.readline()) != "ready":
            raise RuntimeError("the node does not listen")
        hearing.start()
        yield node.id, came
    finally:
        house.hang_up()
        process.kill()
        process.wait()
        if hearing.is_alive():
            hearing.join()
        process.stdout.close()


def _hear(said: Any, came: Queue[float]) -> None:
    for line in said:
        came.put(json.loads(line))


def _p99(times: Sequence[float]) -> float:
    return sorted(times)[math.ceil(0.99 * len(times)) - 1]


_PICKED: dict[str, Callable[[Sequence[float]], float]] = {"median": statistics.median, "p99": _p99}

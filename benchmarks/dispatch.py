"""Work for nodes: a lease from the question to the answer, with and without a long history; and a sign of life."""

from __future__ import annotations

import math
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from threading import Thread
from time import perf_counter

from benchmarks.measure import Pair, Row, Side, measure
from benchmarks.scale import Scale
from benchmarks.stores import Palyra
from palyra_kernel.identity.clock import Clock
from palyra_kernel.identity.device import Device, encoded
from palyra_kernel.identity.devices import DEVICES
from palyra_kernel.nodes.acting import act
from palyra_kernel.nodes.capability import Capability
from palyra_kernel.nodes.dispatch import Handed
from palyra_kernel.nodes.heartbeats import PAUSE_MS
from palyra_kernel.nodes.lease import Lease
from palyra_kernel.nodes.lease import encoded as encoded_lease
from palyra_kernel.nodes.ledger import LINES, PAST, idempotency_key
from palyra_kernel.nodes.order import order
from palyra_kernel.nodes.service import Nodes
from palyra_kernel.records import Change, Namespace, Records
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.ids import now_ms
from palyra_kernel.values.principals import Principal
from palyra_kernel.values.ulid import new_ulid

_SIZES = (0, 100_000)
_CALLS = 100
_BEATS = 100_000
_NODES = 1_000
_AT_ONCE = 10_000
_DAY = 86_400_000
_BODY = b'{"say":"hello"}'
_ECHO = "echo"
_USER = Principal.parse("user:1000")
_THINGS = Namespace("bench_things", guarded=True)
_DOCUMENT = bytes(700)
_KEY = bytes.fromhex(
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
)  # RFC 8032, 7.1, test 1
_SHARED = (9).to_bytes(32, "little")


def rows(scale: Scale) -> Iterator[Row]:
    """One device with a history of nothing, and of 100,000 leases; beside as many durable commits as it takes."""
    for size in _SIZES if scale.divisor == 1 else (0, _SIZES[-1] // scale.divisor // 10):
        with tempfile.TemporaryDirectory() as folder, closing(Palyra(Path(folder))) as store:
            records = store.kernel._records
            nodes = Nodes(records, incarnation="")
            device = _node(nodes, records)
            _fill(records, device, size)
            yield from _leases(scale, nodes, records, device, size)
            yield _beats(scale, nodes, device, size)
    with tempfile.TemporaryDirectory() as folder, closing(Palyra(Path(folder))) as store:
        yield _written(scale, store.kernel._records)


def _node(nodes: Nodes, records: Records) -> str:
    now = now_ms()
    device = new_ulid(now)

    def pair(change: Change) -> None:
        known = Device(
            id=device,
            kind="node",
            name="lamp",
            identity_key=_KEY,
            agreement_key=_SHARED,
            approved_by=str(_USER),
            paired_at_ms=now,
        )
        change.put(DEVICES.key(device), encoded(known))

    def grant(change: Change) -> None:
        nodes.grants.plan_grant(change, device, _ECHO, by=_USER, expires_ms=now + _DAY, now_ms=now)

    act(records, pair)
    act(records, grant)
    nodes.register(device, platform="linux x86_64", offered=[Capability(_ECHO)])
    return device


def _fill(records: Records, device: str, size: int) -> None:
    """A history of *size* leases of *device*."""
    now = now_ms()
    for start in range(0, size, _AT_ONCE):
        change = Change()
        for number in range(start, min(size, start + _AT_ONCE)):
            lease = Lease(
                id=new_ulid(now - size + number),
                device=device,
                capability=_ECHO,
                invoker=str(_USER),
                key=f"past {number}",
                order=bytes(32),
                input=bytes(32),
                grant=device,
                incarnation="",
                created_ms=now,
                deadline_ms=now,
                until_ms=now,
                changed_ms=now,
                state="succeeded",
            )
            change.put(PAST.key(lease.id), encoded_lease(lease))
            change.put(idempotency_key(lease.invoker, lease.key), lease.id.encode())
        records.commit(change)


def _leases(scale: Scale, nodes: Nodes, records: Records, device: str, size: int) -> Iterator[Row]:
    """The same caller does all four steps; then a node of its own does those that are a node's, woken by the first."""
    calls = scale.calls(_CALLS)

    def ours(_: int) -> None:
        _ask(nodes, records, device)
        handed = nodes.dispatch.hand_over(device)
        if handed is None:
            raise RuntimeError("the wrong thing is measured")
        _answer(nodes, handed)

    def bare(_: int) -> None:
        for _step in range(4):
            change = Change()
            change.put(_THINGS.key(new_ulid(now_ms())), _DOCUMENT)
            records.commit(change)

    side = Side("four bare commits of a record", bare, calls)
    yield measure(
        Pair("asked, handed over, acknowledged, answered", size, Side("palyra", ours, calls), side), scale
    )
    node, waited, theirs = Thread(target=_serve, args=(nodes, device, calls)), list[float](), list[float]()
    node.start()
    for _ in range(calls):
        waited.append(_timed(lambda _: _asked_and_answered(nodes, records, device)))
        theirs.append(_timed(bare))
    node.join()
    nodes.tend()
    for name, pick in (("median", statistics.median), ("p99", _p99)):
        raw = {"ours": waited, "beside": theirs}
        what = f"by a node that is woken, {name}"
        yield Row(what, size, "s", pick(waited), pick(theirs), side.name, raw)
    print(
        f"dispatch, p99 behind {size} leases: {_p99(waited) * 1000:.1f} ms (wanted: below 50 ms)",
        file=sys.stderr,
    )


def _ask(nodes: Nodes, records: Records, device: str) -> Lease:
    wanted = order(
        device,
        _ECHO,
        invoker=_USER,
        key=new_ulid(now_ms()),
        body=_BODY,
        within_ms=60_000,
        limits=nodes.limits,
    )
    lease = act(records, lambda change: nodes.asking.plan_enqueue(change, wanted))
    nodes.told(lease)
    return lease


def _answer(nodes: Nodes, handed: Handed) -> None:
    device, lease, token = handed.lease.device, handed.lease.id, handed.token
    nodes.dispatch.report(device, lease, token, "acknowledge")
    nodes.dispatch.report(device, lease, token, "succeed", output=handed.body)


def _asked_and_answered(nodes: Nodes, records: Records, device: str) -> None:
    lease = _ask(nodes, records, device)
    if nodes.wait(lease.id, Deadline.after(60)).state != "succeeded":
        raise RuntimeError("the wrong thing is measured")


def _serve(nodes: Nodes, device: str, count: int) -> None:
    for _ in range(count):
        handed = nodes.waiters.wait(
            LINES.key(device), lambda: nodes.dispatch.hand_over(device), Deadline.after(60)
        )
        if handed is not None:
            _answer(nodes, handed)


def _beats(scale: Scale, nodes: Nodes, device: str, size: int) -> Row:
    """A sign of life is an entry in a dict, however long the history is."""
    calls, known = scale.calls(_BEATS), dict[str, int]()

    def beside(_: int) -> None:
        known[device] = now_ms()

    ours = Side("palyra", lambda _: nodes.heartbeats.beat(device), calls)
    return measure(Pair("a sign of life", size, ours, Side("the time in a bare dict", beside, calls)), scale)


def _written(scale: Scale, records: Records) -> Row:
    """What a thousand nodes at 1 Hz write in 15 seconds, beside one bare commit of as many rows."""
    now = [now_ms()]
    nodes = Nodes(records, incarnation="", clock=Clock(lambda: now[0]))
    count = scale.calls(_NODES)
    devices = [_node(nodes, records) for _ in range(count)]
    ours, beside = [], []
    for round_ in range(scale.rounds):
        now[0] += 3 * PAUSE_MS
        for device in devices:
            nodes.heartbeats.beat(device)
        start = perf_counter()
        if nodes.heartbeats.flush() != count:
            raise RuntimeError("the wrong thing is measured")
        ours.append(perf_counter() - start)
        change = Change()
        for number in range(count):
            change.put(b"p/bench/%d/%d" % (round_, number), bytes(32))
        start = perf_counter()
        records.commit(change)
        beside.append(perf_counter() - start)
    raw = {"ours": ours, "beside": beside}
    what, peer = "signs of life, written", "one bare commit of as many"
    return Row(what, count, "s", statistics.median(ours), statistics.median(beside), peer, raw)


def _timed(action: Callable[[int], None]) -> float:
    start = perf_counter()
    action(0)
    return perf_counter() - start


def _p99(times: Sequence[float]) -> float:
    return sorted(times)[math.ceil(0.99 * len(times)) - 1]

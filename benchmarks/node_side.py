"""A node's own side: a lease from the offer until its result may be said, and what nodes say of themselves."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from queue import SimpleQueue

import msgspec

from benchmarks.measure import Pair, Row, Side, measure
from benchmarks.scale import Scale
from benchmarks.stores import Palyra
from palyra_kernel.device import journal as journal_room
from palyra_kernel.device.journal import DEVICE_LEASES, Journal
from palyra_kernel.device.runner import Runner
from palyra_kernel.device.work import Report, Work
from palyra_kernel.errors import UnavailableError
from palyra_kernel.nodes.events.event import NewEvent
from palyra_kernel.nodes.events.events import Events
from palyra_kernel.nodes.events.log import NODE_EVENTS, SLOTS
from palyra_kernel.nodes.events.quota import Quota
from palyra_kernel.plugins.guard_capabilities import open_capabilities
from palyra_kernel.records import Change, Namespace, Records
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.digest import sha256
from palyra_kernel.values.ids import now_ms
from palyra_kernel.values.ulid import new_ulid

_DEVICE = "01JZ0000000000000000000000"
_INPUT = b'{"say":"hello"}'
_CALLS = 50
_EVENTS = 100
_READER = "user:1000"
_GUARDED = Namespace("bench_things", guarded=True)
_DOCUMENT = bytes(300)


def rows(scale: Scale) -> Iterator[Row]:
    """A node that remembers no lease, and as many as it ever does; a log with nothing in it, and a full one."""
    for size in (0, journal_room.MOST_SETTLED // scale.divisor):
        with tempfile.TemporaryDirectory() as folder, closing(Palyra(Path(folder))) as store:
            yield from _leases(scale, store, size)
    for size in (0, SLOTS // scale.divisor):
        with tempfile.TemporaryDirectory() as folder, closing(Palyra(Path(folder))) as store:
            yield from _events(scale, store.kernel._records, size)


def _leases(scale: Scale, store: Palyra, size: int) -> Iterator[Row]:
    """``echo``, behind its guard, in a thread of its own as ever."""
    records = store.kernel._records
    _fill(records, size)
    said: SimpleQueue[Report] = SimpleQueue()
    capabilities = open_capabilities(store.kernel.plugins.registry.capabilities, _DEVICE, {})
    runner = Runner(Journal(records), capabilities, _DEVICE, check_grant=lambda _: None, report=said.put)
    runner.start()

    def run(_: int) -> str:
        work = Work(
            lease=new_ulid(now_ms()),
            device=_DEVICE,
            capability="echo",
            input=_INPUT,
            digest=sha256(_INPUT),
            left_ms=60_000,
        )
        runner.offer(work)
        while not (report := said.get(timeout=60)).final:
            pass
        if report.output != _INPUT:
            raise RuntimeError("the wrong thing is measured")
        return work.lease

    def whole(number: int) -> None:
        runner.settled(run(number))

    def bare(count: int) -> Side:
        def write(_: int) -> None:
            for _step in range(count):
                change = Change()
                change.put(_GUARDED.key(new_ulid(now_ms())), _DOCUMENT)
                records.commit(change)

        return Side(f"{count} bare commits of a record", write, scale.calls(_CALLS))

    calls = scale.calls(_CALLS)
    yield measure(
        Pair("a lease, until the gateway has its result", size, Side("palyra", whole, calls), bare(3)), scale
    )
    runner.close(Deadline.after(60))


def _fill(records: Records, size: int) -> None:
    """A journal that remembers *size* leases."""
    change = Change()
    for number in range(size):
        entry = journal_room._Entry(step="settled", terms=bytes(32), holder=bytes(32))
        lease = new_ulid(now_ms() - size + number)
        change.put(DEVICE_LEASES.key(f"lease/{lease}"), msgspec.json.encode(entry))
    records.commit(change)


def _events(scale: Scale, records: Records, size: int) -> Iterator[Row]:
    events = Events(records, quota=Quota(burst=10**9))
    event = NewEvent(name="node.heat", payload=b'{"celsius":41.5,"fan":true}')
    for start in range(0, size, _EVENTS):
        events.append(_DEVICE, [event] * min(_EVENTS, size - start))
    calls = scale.calls(_CALLS)

    def bare(count: int) -> Side:
        def write(number: int) -> None:
            change = Change()
            for each in range(count):
                change.put(b"p/bench/%d" % (number % 8 * count + each), bytes(160))
            records.commit(change)

        return Side(f"one bare commit of {count} records", write, calls, per=max(1, count - 1))

    one = Side("palyra", lambda _: events.append(_DEVICE, [event]), calls)
    yield measure(Pair("an event", size, one, bare(2)), scale)
    many = Side("palyra", lambda _: events.append(_DEVICE, [event] * _EVENTS), calls, per=_EVENTS)
    yield measure(Pair("an event among a hundred", size, many, bare(_EVENTS + 1)), scale)

    def read(_: int) -> None:
        for _key, _value in records.scan(NODE_EVENTS.prefix, None, _EVENTS):
            pass

    followed = Side("palyra", lambda _: events.follow(_READER, _DEVICE), calls, per=_EVENTS)
    yield measure(
        Pair("an event that is read", size, followed, Side("the bare record", read, calls, per=_EVENTS)),
        scale,
    )
    yield _flood(scale, records, event, size)


def _flood(scale: Scale, records: Records, event: NewEvent, size: int) -> Row:
    """What is too much costs a look into a dict."""
    flooded = Events(records, quota=Quota(burst=1, per_second=1e-9))
    known = {_DEVICE: 0.0}

    def refused(_: int) -> None:
        try:
            flooded.append(_DEVICE, [event] * 2)
        except UnavailableError:
            return
        raise RuntimeError("the wrong thing is measured")

    calls = scale.calls(_CALLS * 100)
    return measure(
        Pair(
            "an event too many",
            size,
            Side("palyra", refused, calls),
            Side("a bare dict", lambda _: known.get(_DEVICE), calls),
        ),
        scale,
    )

"""What the audit log adds: to a read, to an act, and to the next event behind a million."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from benchmarks.measure import Pair, Row, Side, measure
from benchmarks.scale import Scale
from benchmarks.stores import Palyra
from palyra_kernel import Kernel
from palyra_kernel.audit import encode, event_of
from palyra_kernel.records import Change, Namespace
from palyra_kernel.values.decisions import ActionRequest, Resource
from palyra_kernel.values.principals import Principal

_THINGS = Namespace("bench", guarded=True)
_BATCH = 1_000
_SIZES = (1_000, 1_000_000)
"""Events in the journal."""


def rows(scale: Scale) -> Iterator[Row]:
    """Reads first, in a process that lives long; then acts, behind few events and behind many."""
    with tempfile.TemporaryDirectory() as folder, closing(Palyra(Path(folder))) as store:
        store.fill(100, "x" * 50)
        yield measure(_read(store.kernel, scale), scale)
        yield measure(_verify(store.kernel, scale), scale)
        yield measure(_act(store.kernel, scale), scale)
    with tempfile.TemporaryDirectory() as folder:
        yield measure(_behind(Path(folder), scale), scale)


def _request(number: int) -> ActionRequest:
    return ActionRequest(
        principal=Principal("user", "1000"),
        action="secret.read",
        resource=Resource("secret", f"global/k{number}"),
        at_ms=1_700_000_000_000 + number,
        session="0123456789abcdef0123456789abcdef",
        purpose="deploy",
        arguments="ab" * 32,
    )


def _read(kernel: Kernel, scale: Scale) -> Pair:
    """The request is there already: the decision needs it too."""
    vault, group = kernel.vault, kernel.audit.group
    requests = [_request(number) for number in range(100)]

    def told(number: int) -> None:
        vault.get(f"k{number % 100}").wipe()
        group.add(event_of(requests[number % 100], outcome="allowed", code="policy.allow", version=1))

    calls = scale.calls(20_000)
    get = Side("vault.get", lambda n: vault.get(f"k{n % 100}").wipe(), calls)
    return Pair("get, with its event", 100, Side("get", told, calls), get)


def _act(kernel: Kernel, scale: Scale) -> Pair:
    """The same number of records, as long as those that the event adds."""
    names = itertools.count()
    event = encode(event_of(_request(1), outcome="allowed", code="policy.allow"))
    calls = scale.calls(100)

    def commit(change: Change) -> None:
        change.put(_THINGS.key(f"{next(names)}"), b"x" * 50)
        kernel._records.commit(change)

    def with_event(_: int) -> None:
        change = Change()
        change.record(event)
        commit(change)

    def with_bytes(_: int) -> None:
        change = Change()
        change.put(_THINGS.key(f"{next(names)}"), b"x" * (32 + len(event)))
        change.put(_THINGS.key("head"), b"x" * 200)
        commit(change)

    return Pair(
        "commit, with its event",
        0,
        Side("commit", with_event, calls),
        Side("as many bytes", with_bytes, calls),
    )


def _verify(kernel: Kernel, scale: Scale) -> Pair:
    count = scale.calls(_BATCH * 5)
    _fill(kernel, count)
    total = kernel.audit.head().last
    scan = Side("unsealing as many records", lambda _: _unseal(kernel), 1, per=total)
    return Pair(
        "audit verify, each event", total, Side("verify", lambda _: kernel.audit.verify(), 1, per=total), scan
    )


def _unseal(kernel: Kernel) -> None:
    for stored in kernel._records.stored(b"g/audit/"):
        kernel._records.open(stored)


def _behind(folder: Path, scale: Scale) -> Pair:
    few, many = (_journal(folder / str(size), scale.calls(size)) for size in _SIZES)
    event = encode(event_of(_request(1), outcome="allowed", code="policy.allow"))
    calls = scale.calls(100)

    def commit(kernel: Kernel) -> None:
        change = Change()
        change.record(event)
        kernel._records.commit(change)

    ours = Side("commit", lambda _: commit(many), calls)
    return Pair(
        "the next event",
        many.audit.head().last,
        ours,
        Side("behind a thousand", lambda _: commit(few), calls),
    )


def _journal(folder: Path, count: int) -> Kernel:
    folder.mkdir(mode=0o700)
    kernel = Palyra(folder).kernel
    _fill(kernel, count)
    return kernel


def _fill(kernel: Kernel, count: int) -> None:
    event = encode(event_of(_request(1), outcome="allowed", code="policy.allow"))
    for start in range(0, count, _BATCH):
        change = Change()
        for _ in range(min(_BATCH, count - start)):
            change.record(event)
        kernel._records.commit(change)

"""The vault beside its floor: the system calls and primitives that any vault of this design must spend."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from benchmarks.floor import Floor
from benchmarks.measure import Pair, Row, Side, measure
from benchmarks.scale import Scale
from benchmarks.stores import Palyra

VALUE = b"x" * 50
BATCH = 1_000
KEPT = 10
"""Versions that a vault keeps. A put beyond them also deletes the oldest."""


def rows(scale: Scale) -> Iterator[Row]:
    """Every verb at every size."""
    for size in scale.sizes:
        with tempfile.TemporaryDirectory() as folder:
            base = Path(folder)
            with closing(Palyra(base)) as store:
                store.fill(size, VALUE.decode())
            with closing(Floor(base, size)) as floor:
                floor.close()
                yield measure(_opening(base, floor, size, scale), scale)
                floor.open()
                with closing(Palyra(base)) as store:
                    for pair in _pairs(store, floor, size, scale):
                        yield measure(pair, scale)


def _opening(base: Path, floor: Floor, size: int, scale: Scale) -> Pair:
    """Nobody else has either open, so closing also moves the log into the file."""

    def open_and_close(_: int) -> None:
        floor.open()
        floor.close()

    ours = Side("Kernel.open", lambda _: Palyra(base).close(), scale.calls(20))
    peer = Side("opening and closing two SQLite files", open_and_close, scale.calls(20))
    return Pair("open and close", size, ours, peer)


def _pairs(store: Palyra, floor: Floor, size: int, scale: Scale) -> Iterator[Pair]:
    vault = store.kernel.vault

    def put(number: int) -> None:
        vault.put(f"k{number % size}", VALUE)

    def put_many(number: int) -> None:
        vault.put_many({f"m{number}/{one}": VALUE for one in range(batch)})

    yield Pair(
        "get",
        size,
        Side("get", lambda n: vault.get(f"k{n * 7 % size}").wipe(), scale.calls(1_000)),
        Side("its floor", floor.get, scale.calls(1_000)),
    )
    lists = scale.calls(max(1, 10_000 // size))
    yield Pair(
        "list",
        size,
        Side("list", lambda _: vault.list(), lists, per=size),
        Side("unsealing as many records", floor.unseal_all, lists, per=size),
    )
    # Not so many that a small vault comes to the versions that it keeps.
    few = scale.calls(min(40, (KEPT - 1) * size // (scale.rounds + 1)))
    commits = Side("two bare SQLite FULL commits", floor.commit_both, few)
    yield Pair("put", size, Side("put", put, few), commits)
    for number in range(KEPT):
        vault.put("full", b"%d" % number)
    full = Side("put", lambda _: vault.put("full", VALUE), few)
    yield Pair("put, the oldest version goes", size, full, commits)
    batch = max(1, BATCH // scale.divisor)
    many = Side("put_many", put_many, 1, per=batch)
    yield Pair("put_many", size, many, Side("put, one at a time", put, few))
    bare = Side(f"two commits of {batch:,} rows", lambda n: floor.commit_many(n, batch), 1, per=batch)
    yield Pair("put_many", size, many, bare)

"""The vault beside its floor: the system calls and primitives that any vault of this design must spend."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from benchmarks.floor import Floor
from benchmarks.measure import Pair, Row, Side, measure
from benchmarks.scale import Scale
from benchmarks.stores import Palyra
from palyra_kernel.vault import Vault

VALUE = b"x" * 50
_BATCH = 1_000
_KEPT = 10
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
    gets, lists = scale.calls(1_000), scale.calls(max(1, 10_000 // size))
    get = Side("get", lambda n: vault.get(f"k{n * 7 % size}").wipe(), gets)
    yield Pair("get", size, get, Side("its floor", floor.get, gets))
    whole = Side("list", lambda _: vault.list(), lists, per=size)
    yield Pair("list", size, whole, Side("unsealing as many records", floor.unseal_all, lists, per=size))
    rekey = Side("rekey", lambda _: store.kernel.rekey(), 1, per=size)
    rewrap = Side("its floor", floor.rewrap_all, 1, per=size)
    yield Pair("rekey", size, rekey, rewrap, most=3 if size < 100_000 else 1)
    yield from _puts(vault, floor, size, scale)


def _puts(vault: Vault, floor: Floor, size: int, scale: Scale) -> Iterator[Pair]:
    # Not so many that a small vault comes to the versions that it keeps.
    few = scale.calls(min(40, (_KEPT - 1) * size // (scale.rounds + 1)))
    commits = Side("two bare SQLite FULL commits", floor.commit_both, few)
    yield Pair("put", size, Side("put", lambda n: vault.put(f"k{n % size}", VALUE), few), commits)
    for number in range(_KEPT):
        vault.put("full", b"%d" % number)
    full = Side("put", lambda _: vault.put("full", VALUE), few)
    yield Pair("put, the oldest version goes", size, full, commits)
    batch = scale.calls(_BATCH)
    names = (f"new{number}" for number in itertools.count())
    many = Side("put_many", lambda _: vault.put_many({next(names): VALUE for _ in range(batch)}), 1, batch)
    yield Pair(
        "put_many", size, many, Side("put, one at a time", lambda _: vault.put(next(names), VALUE), few)
    )
    bare = Side(f"two commits of {batch:,} rows", lambda _: floor.commit_many(batch), 1, batch)
    yield Pair("put_many", size, many, bare)

"""How long a put waits when many processes write: p50, p99.9 and the worst, beside SQLite's own way of queueing."""

from __future__ import annotations

import math
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from time import perf_counter

from benchmarks.crowd import crowd
from benchmarks.floor import connect
from benchmarks.measure import Row
from benchmarks.scale import Scale
from benchmarks.stores import OURS, open_store

_BUSY_SECONDS = 60
_BARE = ("records.db", "blobs.db")
_ROW = bytes(300)


def rows(scale: Scale) -> Iterator[Row]:
    """The same number of writes by the same number of processes, each to keys of its own.

    Who is served in turn waits for all the others: the mean tells what that costs altogether.
    """
    ours = _waits(_prepare_ours, _put, scale)
    bare = _waits(_prepare_bare, _commit, scale)
    beside_is = f"two bare SQLite FULL commits, busy timeout {_BUSY_SECONDS} s"
    measures: dict[str, Callable[[Sequence[float]], float]] = {
        "mean": statistics.mean,
        "p50": statistics.median,
        "p99.9": lambda waits: _at(waits, 0.999),
        "worst": max,
    }
    for name, of in measures.items():
        raw = {"ours": ours, "beside": bare} if of is max else {}
        yield Row(f"put, {scale.writers} writers, {name}", 0, "s", of(ours), of(bare), beside_is, raw)


def _at(waits: Sequence[float], share: float) -> float:
    """The smallest wait that *share* of all do not exceed."""
    return sorted(waits)[math.ceil(share * len(waits)) - 1]


def _waits(prepare: Callable[[Path], object], work: Callable[..., object], scale: Scale) -> list[float]:
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder))
        waits = crowd(work, scale.writers, folder, scale.writes)
    return [wait for of_one in waits for wait in of_one]


def _prepare_ours(folder: Path) -> None:
    open_store(OURS, folder).close()


def _put(writer: int, ready: Callable[[], object], folder: str, writes: int) -> list[float]:
    with closing(open_store(OURS, Path(folder))) as store:
        ready()
        return [_timed(lambda key: store.put(key, "x" * 50), f"w{writer}/{n}") for n in range(writes)]


def _prepare_bare(folder: Path) -> None:
    for name in _BARE:
        with closing(connect(folder / name)) as database:
            database.execute("CREATE TABLE t (k TEXT PRIMARY KEY, d BLOB) STRICT")


def _commit(writer: int, ready: Callable[[], object], folder: str, writes: int) -> list[float]:
    databases = [connect(Path(folder) / name, timeout=_BUSY_SECONDS) for name in _BARE]

    def commit_both(key: str) -> None:
        for database in databases:
            database.execute("INSERT INTO t VALUES (?, ?)", (key, _ROW))

    ready()
    waits = [_timed(commit_both, f"w{writer}/{n}") for n in range(writes)]
    for database in databases:
        database.close()
    return waits


def _timed(action: Callable[[str], object], key: str) -> float:
    start = perf_counter()
    action(key)
    return round(perf_counter() - start, 6)

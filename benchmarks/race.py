"""Several processes write to one store at once; then everything that was acknowledged is read."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from benchmarks.crowd import crowd
from benchmarks.measure import Row
from benchmarks.scale import Scale
from benchmarks.stores import OURS, Store, open_store, peers


class Outcome(NamedTuple):
    """*refused* writes raised; whoever asked for them knows. *lost* counts by what a read says."""

    acknowledged: int
    lost: dict[str, int]
    refused: int


def rows(scale: Scale) -> Iterator[Row]:
    """The same trial for ours and each peer; fewer writes where a peer is slow, on both sides."""
    for racers in scale.racers:
        for name, peer in peers().items():
            each = max(1, scale.race_writes // racers // (5 if peer.slow else 1))
            ours, theirs = race(OURS, racers, each), race(name, racers, each)
            what = f"{racers} processes, {each} writes each, lost"
            raw = {"ours": ours._asdict(), "beside": theirs._asdict()}
            of = (ours.acknowledged, theirs.acknowledged)
            yield Row(what, 0, "lost", sum(ours.lost.values()), sum(theirs.lost.values()), name, raw, of)


def race(name: str, racers: int, each: int) -> Outcome:
    """Let *racers* processes write *each* times, every write under a name of its own."""
    with tempfile.TemporaryDirectory() as folder:
        open_store(name, Path(folder)).close()  # the vault is made before: the race is about the writes
        written = crowd(_write, racers, name, folder, each)
        acknowledged = [key for keys in written for key in keys]
        with closing(open_store(name, Path(folder))) as store:
            lost = Counter(filter(None, (loss(store, key) for key in acknowledged)))
    return Outcome(len(acknowledged), dict(lost), racers * each - len(acknowledged))


def _write(racer: int, ready: Callable[[], object], name: str, folder: str, each: int) -> list[str]:
    acknowledged = []
    with closing(open_store(name, Path(folder))) as store:
        ready()
        for number in range(each):
            key = f"w{racer}/{number}"
            try:
                store.put(key, key)
            except Exception:  # noqa: BLE001  # whatever it raises: it did not acknowledge
                continue
            acknowledged.append(key)
    return acknowledged


def loss(store: Store, key: str) -> str:
    """Why *key* does not have the value any more that it was written with, its name; nothing if it has."""
    try:
        found = store.get(key)
    except Exception as error:  # noqa: BLE001  # of a damaged file; what peers raise has no common class
        return type(error).__name__
    return "" if found == key else "absent" if found is None else "another value"

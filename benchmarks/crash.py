"""A writer is killed at a random moment, again and again; what it had acknowledged must be there afterwards."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from benchmarks.measure import Row
from benchmarks.race import loss
from benchmarks.scale import Scale
from benchmarks.stores import OURS, open_store, peers

_FILLED = 500
"""Secrets that lie in the store before: a file that is written anew takes its time."""
_BEFORE = "before"
"""One of them that is looked for."""
_WITHIN = 0.25
"""Seconds from the first acknowledgement within which the kill comes."""
_WRITER = """
import os, sys
from pathlib import Path
from benchmarks.stores import open_store
store = open_store(sys.argv[1], Path(sys.argv[2]))
for number in range(10_000):
    key = f"{sys.argv[3]}/{number}"
    store.put(key, key)
    os.write(1, key.encode() + b"\\n")
"""


class Outcome(NamedTuple):
    """*lost_rounds*: after the kill something acknowledged was gone, or nothing could be read at all."""

    rounds: int
    lost_rounds: int
    acknowledged: int
    lost: dict[str, int]
    """Secrets, by what a read says."""


def rows(scale: Scale) -> Iterator[Row]:
    """As many rounds for ours as for each peer, fewer for the slow ones."""
    for name, peer in peers().items():
        rounds = max(1, scale.crash_rounds // (3 if peer.slow else 1))
        ours, theirs = _crash(OURS, rounds), _crash(name, rounds)
        raw = {"ours": ours._asdict(), "beside": theirs._asdict()}
        of = (ours.rounds, theirs.rounds)
        yield Row(
            "kill -9, rounds that lost", _FILLED, "lost", ours.lost_rounds, theirs.lost_rounds, name, raw, of
        )


def _crash(name: str, rounds: int) -> Outcome:
    chance = random.Random(60)
    lost: Counter[str] = Counter()
    acknowledged = lost_rounds = round_ = 0
    while round_ < rounds:
        with tempfile.TemporaryDirectory() as folder:
            _fill(name, folder)
            gone: list[str] = []
            while round_ < rounds and not gone:  # a damaged store would be counted in all rounds that follow
                keys = _killed_writer(name, folder, f"r{round_}", chance.uniform(0, _WITHIN))
                gone = _losses(name, folder, keys)
                round_, acknowledged, lost_rounds = (
                    round_ + 1,
                    acknowledged + len(keys),
                    lost_rounds + bool(gone),
                )
                lost.update(gone)
    return Outcome(rounds, lost_rounds, acknowledged, dict(lost))


def _fill(name: str, folder: str) -> None:
    with closing(open_store(name, Path(folder))) as store:
        store.fill(_FILLED, "x" * 50)
        store.put(_BEFORE, _BEFORE)


def _killed_writer(name: str, folder: str, prefix: str, after: float) -> list[str]:
    """Start a writer, kill it *after* seconds from its first acknowledgement; return what it acknowledged."""
    argv = [sys.executable, "-W", "ignore", "-c", _WRITER, name, folder, prefix]
    path = os.pathsep.join(part for part in sys.path if part)
    with subprocess.Popen(argv, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": path}) as writer:
        assert writer.stdout
        if not (first := writer.stdout.readline()):
            raise RuntimeError(f"the writer of {name} ended by itself")
        time.sleep(after)  # the random moment itself, not a wait for anything
        writer.kill()
        lines = [first, *writer.stdout]
    return [line[:-1].decode() for line in lines if line.endswith(b"\n")]


def _losses(name: str, folder: str, keys: list[str]) -> list[str]:
    """What is wrong with those of *keys*, and of what was there before, that cannot be read."""
    with closing(open_store(name, Path(folder))) as store:
        return list(filter(None, (loss(store, key) for key in (_BEFORE, *keys))))

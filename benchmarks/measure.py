"""How two things are measured beside each other, and the row that comes of it."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Literal, NamedTuple

from benchmarks.scale import Scale


class Row(NamedTuple):
    """One measured line: ours, and what it is compared with."""

    what: str
    secrets: int
    """Secrets in the store; 0 where that does not matter."""
    unit: Literal["s", "bytes", "lost"]
    ours: float
    beside: float
    beside_is: str
    raw: Mapping[str, object]
    """The numbers behind *ours* and *beside*, kept as JSON."""
    of: tuple[int, int] = (0, 0)
    """Of how many *ours* and *beside* were lost."""


class Side(NamedTuple):
    """An action of one side, called with a running number."""

    name: str
    action: Callable[[int], object]
    calls: int
    """Calls in one round."""
    per: int = 1
    """Secrets that one call handles; the time is divided by it."""


class Pair(NamedTuple):
    """Two sides to compare."""

    what: str
    secrets: int
    ours: Side
    peer: Side
    most: int = 100
    """Rounds, for what takes long; or the scale's, if they are fewer."""


def measure(pair: Pair, scale: Scale) -> Row:
    """The medians of the rounds, taken in turn after one that warms up, in seconds a secret."""
    ours: list[float] = []
    peer: list[float] = []
    for round_ in range(min(pair.most, scale.rounds) + 1):
        for times, side in ((ours, pair.ours), (peer, pair.peer)):
            start = perf_counter()
            for number in range(side.calls):
                side.action(round_ * side.calls + number)
            times.append((perf_counter() - start) / (side.calls * side.per))
    raw = {"ours": ours[1:], "beside": peer[1:]}
    medians = statistics.median(ours[1:]), statistics.median(peer[1:])
    return Row(pair.what, pair.secrets, "s", *medians, pair.peer.name, raw)

"""Choosing a profile among as many as there may be, beside what no choice can do without, and beside a look at all."""

from __future__ import annotations

import math
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from heapq import heapify, heapreplace
from itertools import count
from pathlib import Path
from time import thread_time

from benchmarks.measure import Row
from benchmarks.scale import Scale
from benchmarks.stores import Palyra
from palyra_kernel.auth.choices import Choices
from palyra_kernel.auth.family import Family
from palyra_kernel.auth.names import GLOBAL, Provider
from palyra_kernel.auth.profile import ApiKey, Profile
from palyra_kernel.auth.runtime import RuntimeStates
from palyra_kernel.auth.selection import Look, Selection
from palyra_kernel.auth.selector import Selector
from palyra_kernel.auth.standing import Standing, standing
from palyra_kernel.values.ids import now_ms

_OPENAI = Provider("openai")
_SELECTOR = Selector(provider=_OPENAI, agent="planner", workspace="team")
_SIZES = (10, 10_000)
_CALLS = 5_000
_SHARES: dict[str, Callable[[Sequence[float]], float]] = {
    "p50": statistics.median,
    "p99": lambda times: sorted(times)[math.ceil(0.99 * len(times)) - 1],
}


class _Known:
    def __init__(self, profiles: int) -> None:
        self.profiles = tuple(
            Profile(id=f"p{number:05}", provider=_OPENAI, name="p", scope=GLOBAL, credential=ApiKey())
            for number in range(profiles)
        )
        self.by_id = {profile.id: profile for profile in self.profiles}


class _Caller:
    """Chooses from a vault whose profiles are all alike, or nine of ten of them cooling."""

    def __init__(self, states: RuntimeStates, known: _Known, cooling: int) -> None:
        self._states, self._known = states, known
        self._families = {profile.id: Family(id=profile.id, stored=True) for profile in known.profiles}
        self._selection, self._choices = Selection(), Choices()
        now = now_ms()
        for profile in known.profiles[:cooling]:
            states.failed(profile.id, "quota", _OPENAI, now_ms=now)

    def stand(self, profile: Profile) -> Standing:
        """What is known of *profile*, its runtime state from the store if that is older than 100 ms."""
        now = now_ms()
        return standing(profile, self._families[profile.id], self._states.read(profile.id, now), now)

    def pick(self) -> None:
        """One choice, its use noted."""
        now = now_ms()
        look = Look(known=self._known, choices=self._choices, now_ms=now, standing=self.stand)
        picked = self._selection.pick(_SELECTOR, look)
        if picked is None:
            raise RuntimeError("the wrong thing is measured")
        self._states.used(picked.profile.id, now)

    def scan(self) -> None:
        """The same by a look at every profile, as it would be written first."""
        now = now_ms()
        stands = ((profile.id, self.stand(profile)) for profile in self._known.profiles)
        able = ((each.last_used_ms, name) for name, each in stands if each.eligibility(now) == "eligible")
        self._states.used(min(able)[1], now)


def rows(scale: Scale) -> Iterator[Row]:
    """Each choice timed alone, after those that find out what cannot be used.

    The clock is the thread's own: whatever else the machine does stops it for milliseconds, and would be the p99.
    """
    for size in _SIZES if scale.divisor == 1 else _SIZES[:1]:
        known = _Known(size)
        for name, cooling in (("pick", 0), ("pick, nine of ten cooling", size * 9 // 10)):
            with tempfile.TemporaryDirectory() as folder, closing(Palyra(Path(folder))) as store:
                caller = _Caller(RuntimeStates(store.kernel._records), known, cooling)
                calls = scale.calls(_CALLS)
                _times(caller.pick, size - cooling)  # each had its turn
                ours = _times(caller.pick, calls)
                heap = _times(_bare(size), calls)
                scan = _times(caller.scan, max(1, calls // 100)) if not cooling else []
            for share, of in _SHARES.items():
                raw = {"ours": of(ours), "beside": of(heap)}
                yield Row(f"{name}, {share}", size, "s", of(ours), of(heap), "a bare heap", raw)
            if scan:
                slow = statistics.median(scan)
                yield Row(
                    f"{name}, p50",
                    size,
                    "s",
                    statistics.median(ours),
                    slow,
                    "a look at all",
                    {"beside": scan},
                )


def _bare(size: int) -> Callable[[], object]:
    """The smallest of as many numbers, replaced by a greater one."""
    heap = [(number, f"p{number:05}") for number in range(size)]
    heapify(heap)
    numbers = count(size)
    return lambda: heapreplace(heap, (next(numbers), heap[0][1]))


def _times(action: Callable[[], object], calls: int) -> list[float]:
    times = []
    for _ in range(calls):
        start = thread_time()
        action()
        times.append(thread_time() - start)
    return times

"""The profiles of one layer that are equal before the operator: whose turn it is, without looking at all of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from heapq import heapify, heappop, heappush
from itertools import count
from threading import Lock
from typing import Literal, NamedTuple

from palyra_kernel.auth.profile import Profile
from palyra_kernel.auth.standing import Standing

FEW = 16
"""So many that could not be used last time are all asked again at each choice."""
SOME = 4
"""Of more than a few so many are, in turn."""

Ask = Callable[[Profile], Standing]
_Place = Literal["ready", "stale", "out"]
_Item = tuple[bool, float, int, "_Entry"]


class _Entry:
    """A profile, its place, and ``turn``, at which it is due: of two the smaller is first."""

    __slots__ = ("item", "late", "number", "place", "profile", "turn")

    def __init__(self, profile: Profile, number: int, turn: float) -> None:
        self.profile, self.number, self.turn = profile, number, turn
        self.place: _Place = "ready"
        self.item: _Item | None = None
        """What stands for it in the heap; others of it there are void."""
        self.late = False


class Taken(NamedTuple):
    """Whose turn it is. ``turn``: when it was, to give it back."""

    profile: Profile
    standing: Standing
    turn: float


class Pool:
    """Chooses who was not used longest, in proportion to the weights: after each use a profile is due a step later, of
    a length of one by its weight. Those with a token that can be used at once come before those that need a new one.

    The order is kept in a heap, and how a profile stands is asked when it comes to its top. Those found unfit wait
    aside, and some are asked again at each choice, so that a profile that recovers is back soon; when nobody seems to
    be left, all are. Any thread may call; *ask* must not call back.
    """

    def __init__(
        self, profiles: Iterable[Profile], ask: Ask, now_ms: int, before: Pool | None = None
    ) -> None:
        self._lock = Lock()
        self._time: float = before._time if before else 0.0
        self._heap: list[_Item] = []
        self._late: deque[_Entry] = deque()
        known = before._entries if before else {}
        self._entries: dict[str, _Entry] = {}
        new = []
        for profile in profiles:
            if old := known.get(profile.id):
                entry = self._entries[profile.id] = _Entry(profile, old.number, old.turn)
                entry.place = old.place
                self._wait(entry)
            else:
                new.append(profile)
        new.sort(key=lambda profile: _overdue(profile, ask(profile).last_used_ms, now_ms))
        self._numbers = count(max((entry.number for entry in self._entries.values()), default=-1) + 1)
        for position, profile in enumerate(new):
            turn = self._time + position / len(new) / profile.weight
            self._entries[profile.id] = _Entry(profile, next(self._numbers), turn)
        for entry in self._entries.values():
            if entry.place != "out":
                self._push(entry)

    def take(self, ask: Ask, now_ms: int, refused: AbstractSet[str] = frozenset()) -> Taken | None:
        """Whose turn it is now, whose next turn then comes later. *refused*: ids that the caller cannot use, of which
        :meth:`give_back` was told; None if nobody else is left."""
        with self._lock:
            for _ in range(SOME if len(self._late) > FEW else len(self._late)):
                self._look_again(ask, now_ms)
            while self._heap:
                entry = self._heap[0][3]
                if self._heap[0] is not entry.item:
                    heappop(self._heap)
                    continue
                if entry.profile.id in refused:
                    break
                item, standing = entry.item, ask(entry.profile)
                self._settle(entry, standing, now_ms)
                if entry.item is item:
                    return self._used(entry, standing)
            return self._searched(ask, now_ms, refused)

    def give_back(self, taken: Taken, *, final: bool) -> None:
        """Undo a turn that was not used: until all is decided let others go first, then (*final*) it has its old place
        again."""
        with self._lock:
            entry = self._entries[taken.profile.id]
            if entry.place != "out":
                entry.turn = taken.turn if final else self._time + 2
                self._push(entry)

    def touch(self, id: str) -> None:
        """The profile *id* was used without having been its turn."""
        with self._lock:
            entry = self._entries.get(id)
            if entry is not None:
                entry.turn = min(entry.turn, self._time)  # however often it is, it misses one turn
                self._later(entry)

    def peek(self, ask: Ask, now_ms: int, usable: Callable[[Profile], bool]) -> Profile | None:
        """Whose turn it is among the *usable*; nothing changes."""
        with self._lock:
            entries = list(self._entries.values())
        for _, _, _, entry in self._eligible(entries, ask, now_ms):
            if usable(entry.profile):
                return entry.profile
        return None

    def _searched(self, ask: Ask, now_ms: int, refused: AbstractSet[str]) -> Taken | None:
        """Ask all, since what was known of them need not be true any more."""
        entries = [entry for entry in self._entries.values() if entry.profile.id not in refused]
        for _, _, _, entry in self._eligible(entries, ask, now_ms):
            standing = ask(entry.profile)
            self._settle(entry, standing, now_ms)
            if entry.place != "out":
                return self._used(entry, standing)
        return None

    def _eligible(self, entries: Iterable[_Entry], ask: Ask, now_ms: int) -> list[_Item]:
        """Those that can be used, the best first."""
        standings = ((entry, ask(entry.profile)) for entry in entries)
        return sorted(
            (standing.stale, entry.turn, entry.number, entry)
            for entry, standing in standings
            if _place(standing, now_ms) != "out"
        )

    def _look_again(self, ask: Ask, now_ms: int) -> None:
        entry = self._late.popleft()
        entry.late = False
        if entry.place == "ready":
            return
        self._settle(entry, ask(entry.profile), now_ms)
        self._wait(entry)

    def _settle(self, entry: _Entry, standing: Standing, now_ms: int) -> None:
        """Move *entry* where it belongs."""
        place = _place(standing, now_ms)
        if place == entry.place:
            return
        entry.place = place
        if place == "out":
            entry.item = None
        else:
            self._push(entry)
        self._wait(entry)

    def _wait(self, entry: _Entry) -> None:
        if entry.place != "ready" and not entry.late:
            entry.late = True
            self._late.append(entry)

    def _used(self, entry: _Entry, standing: Standing) -> Taken:
        taken = Taken(entry.profile, standing, entry.turn)
        self._time = max(self._time, entry.turn)
        self._later(entry)
        return taken

    def _later(self, entry: _Entry) -> None:
        """Its next turn is one step from now, whatever it missed, behind those that are due then and waited longer."""
        entry.turn = max(entry.turn, self._time) + 1 / entry.profile.weight
        entry.number = next(self._numbers)
        if entry.place != "out":
            self._push(entry)

    def _push(self, entry: _Entry) -> None:
        entry.item = (entry.place == "stale", entry.turn, entry.number, entry)
        heappush(self._heap, entry.item)
        if len(self._heap) > 2 * len(self._entries) + FEW:  # mostly void ones
            self._heap = [each.item for each in self._entries.values() if each.item is not None]
            heapify(self._heap)


def _place(standing: Standing, now_ms: int) -> _Place:
    if standing.eligibility(now_ms) != "eligible":
        return "out"
    return "stale" if standing.stale else "ready"


def _overdue(profile: Profile, last_used_ms: int, now_ms: int) -> tuple[int, str]:
    """The order of profiles of which this process has chosen none yet: never used, then longest not used."""
    idle = now_ms - last_used_ms if last_used_ms else now_ms
    return -idle * profile.weight, profile.id

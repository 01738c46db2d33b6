"""Who may hold how many connections of a door, decided before a byte of theirs is read."""

from __future__ import annotations

from collections.abc import Callable

from palyra_kernel.daemon.limits import Limits


class Slot:
    """One connection's share. ``drop`` is called, at most once, if somebody with less needs it."""

    drop: Callable[[], object]

    def __init__(self, quota: Quota, source: str) -> None:
        self.source = source
        self._quota = quota

    def opened(self) -> bool:
        """It is half-open no more; False: there are as many open ones as may be, and it has no share any more."""
        return self._quota.opened(self)

    def release(self) -> None:
        """Give it back. A second time does nothing."""
        self._quota.release(self)


class Quota:
    """Counts by source. When all half-open connections are taken, one who has more of them than the newcomer's source
    loses the oldest: one source, or a few, cannot keep the others out. For one thread."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._half: dict[str, dict[Slot, None]] = {}  # of each source, the oldest first
        self._open: dict[str, dict[Slot, None]] = {}
        self.half_open = 0
        self.dropped = 0
        """Half-open ones that made room for others, so far."""
        self.open = 0

    def take(self, source: str) -> Slot | None:
        """A share for a half-open connection of *source*; None: it gets none."""
        held = len(self._half.get(source, ()))
        if held >= self._limits.half_open_per_source:
            return None
        if (
            len(self._open.get(source, ())) >= self._limits.per_source
            or self.open >= self._limits.connections
        ):
            return None
        if self.half_open >= self._limits.half_open and not self._make_room(held):
            return None
        slot = Slot(self, source)
        self._half.setdefault(source, {})[slot] = None
        self.half_open += 1
        return slot

    def _make_room(self, held: int) -> bool:
        most = max(self._half.values(), key=len)
        if len(most) <= held + 1:  # taking from an equal would help nobody
            return False
        victim = next(iter(most))
        self.release(victim)
        victim.drop()
        self.dropped += 1
        return True

    def opened(self, slot: Slot) -> bool:
        """See :meth:`Slot.opened`."""
        self.release(slot)
        there = self._open.setdefault(slot.source, {})
        if len(there) >= self._limits.per_source or self.open >= self._limits.connections:
            self._forget(self._open, slot.source)
            return False
        there[slot] = None
        self.open += 1
        return True

    def release(self, slot: Slot) -> None:
        """See :meth:`Slot.release`."""
        if self._take_out(self._half, slot):
            self.half_open -= 1
        elif self._take_out(self._open, slot):
            self.open -= 1

    def _take_out(self, table: dict[str, dict[Slot, None]], slot: Slot) -> bool:
        there = table.get(slot.source)
        if there is None or slot not in there:
            return False
        del there[slot]
        self._forget(table, slot.source)
        return True

    @staticmethod
    def _forget(table: dict[str, dict[Slot, None]], source: str) -> None:
        if not table[source]:
            del table[source]

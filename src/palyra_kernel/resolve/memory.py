"""What was read, when it is read again, and what is shown of it: the two policies of each reference, really acting."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping
from weakref import WeakSet

from palyra_kernel.contracts.sources import SecretError
from palyra_kernel.resolve.outcome import Answer, Read, Shown
from palyra_kernel.values.secret_ref import SecretRef
from palyra_kernel.values.sensitive import SensitiveBytes

_KEPT = 10_000


class Run:
    """What one run has read and was shown."""

    __slots__ = ("__weakref__", "began", "read", "shown")

    def __init__(self) -> None:
        self.began = 0
        self.read: set[SecretRef] = set()
        self.shown: dict[SecretRef, Read] = {}

    def forget(self) -> None:
        """The run is over. Its values are wiped when nobody else has them."""
        self.read.clear()
        self.shown.clear()


class Entry:
    """One reference. ``latest`` is the newest reading, ``shown`` the one that is frozen until a reload."""

    __slots__ = ("generation", "latest", "shown", "shown_generation")

    def __init__(self) -> None:
        self.latest: Read | None = None
        self.generation = 0
        self.shown: Read | None = None
        self.shown_generation = 0


class Memory:
    """The readings of one resolver; the resolver's lock guards it."""

    def __init__(self) -> None:
        self.generation = 1
        self._entries: OrderedDict[SecretRef, Entry] = OrderedDict()
        self._runs: WeakSet[Run] = WeakSet()

    def must_read(self, ref: SecretRef, run: Run) -> bool:
        """Whether the source is to be asked for *ref* now. What failed is never kept in place of a value."""
        entry = self._entries.get(ref)
        if entry is None or entry.latest is None or _failed(entry.latest):
            return True
        self._entries.move_to_end(ref)
        match ref.refresh_policy:
            case "on_startup":
                return False
            case "on_reload":
                return entry.generation < self.generation
            case "per_run":
                return ref not in run.read
            case "per_use":
                return True

    def counts_since(self, ref: SecretRef, run: Run, now: int) -> int:
        """The moment after which somebody else has to have read *ref*, so that *run* need not read it itself *now*."""
        run.began = run.began or now
        match ref.refresh_policy:
            case "on_startup" | "on_reload":
                return 0  # a reload makes all forget what was read before it
            case "per_run":
                return run.began
            case "per_use":
                return now

    def store(self, ref: SecretRef, read: Read, run: Run, generation: int) -> None:
        """Keep what was read of *ref* while *generation* was the present one."""
        entry = self._entries.pop(ref, None) or Entry()
        self._entries[ref] = entry
        if generation >= entry.generation:  # a slow reading from before a reload is not the newest
            entry.latest, entry.generation = read, generation
        run.read.add(ref)
        self._runs.add(run)

    def holds(self, refs: Collection[SecretRef]) -> bool:
        """Whether all of *refs* can be shown, if they need not be read."""
        return all(ref in self._entries for ref in refs)

    def show(self, ref: SecretRef, run: Run) -> Shown:
        """What a user of *ref* in *run* sees."""
        entry = self._entries[ref]
        shown = self._seen(ref, entry, run)
        if ref.snapshot_policy == "freeze_until_reload":
            entry.shown, entry.shown_generation = shown.read, self.generation
        elif ref.snapshot_policy == "refresh_per_run":
            run.shown[ref] = shown.read
            self._runs.add(run)
        return shown

    def _seen(self, ref: SecretRef, entry: Entry, run: Run) -> Shown:
        latest, before = entry.latest, None
        assert latest is not None  # noqa: S101  # it was read before it is shown
        if ref.snapshot_policy == "freeze_until_reload":
            before = entry.shown if entry.shown_generation == self.generation else None
        elif ref.snapshot_policy == "refresh_per_run":
            before = run.shown.get(ref)
        read = latest if before is None or _failed(before) else before
        stale = "last_known_good" in (read.origin, latest.origin) or not _same(read.answer, latest.answer)
        return Shown(read, stale, self.generation)

    def trim(self) -> None:
        """Forget what was used longest ago, if there is too much."""
        while len(self._entries) > _KEPT:
            self._entries.popitem(last=False)

    def reloadable(self) -> list[SecretRef]:
        """What a reload asks for again: everything but what is read once, at the start."""
        return [
            ref
            for ref, entry in self._entries.items()
            if ref.refresh_policy != "on_startup" or entry.latest is None or _failed(entry.latest)
        ]

    def turn(self, readings: Mapping[SecretRef, Read]) -> int:
        """Begin the next generation with *readings*; return how many references show another value than before."""
        self.generation += 1
        changed = 0
        for ref, entry in self._entries.items():
            before = entry.shown or entry.latest
            if ref in readings:
                entry.latest, entry.generation = readings[ref], self.generation
            elif ref.refresh_policy != "on_startup":
                continue  # it was read first while the others were read again: perhaps too early
            entry.shown, entry.shown_generation = entry.latest, self.generation
            if before and entry.latest and not _same(before.answer, entry.latest.answer):
                changed += 1
        return changed

    def latest(self, ref: SecretRef) -> Read | None:
        """The newest reading of *ref*."""
        entry = self._entries.get(ref)
        return entry.latest if entry else None

    def all_shown(self) -> Iterator[tuple[SecretRef, Shown]]:
        """Everything that was asked for, as somebody sees it who begins a run now."""
        for ref, entry in self._entries.items():
            yield ref, self._seen(ref, entry, Run())

    def wipe(self) -> None:
        """Wipe all values, and forget them."""
        kept = [read for entry in self._entries.values() for read in (entry.latest, entry.shown)]
        kept += [read for run in self._runs for read in run.shown.values()]
        for read in kept:
            if read is not None and isinstance(read.answer, SensitiveBytes):
                read.answer.wipe()
        self._entries.clear()
        for run in self._runs:
            run.forget()


def _failed(read: Read) -> bool:
    return isinstance(read.answer, SecretError)


def _same(one: Answer, other: Answer) -> bool:
    if isinstance(one, SensitiveBytes) and isinstance(other, SensitiveBytes):
        return one is other or one == other
    return isinstance(one, SecretError) and isinstance(other, SecretError)

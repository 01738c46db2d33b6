"""Refreshing before anybody waits for it: a look around now and then, and a few refreshes at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from palyra_kernel.auth.family import Family
from palyra_kernel.auth.freshness import Freshness
from palyra_kernel.auth.parts import Parts
from palyra_kernel.auth.profile import Profile
from palyra_kernel.auth.views import Views
from palyra_kernel.errors import PalyraError
from palyra_kernel.values.deadline import Deadline

AT_ONCE = 16
_LONGEST_SECONDS = 60.0
_SHORTEST_SECONDS = 0.5
_SWEEP_SECONDS = 75.0
_CHORES_MS = 30_000


class Scheduler:
    """Refreshes what is due. One a process that lives long; several processes do not refresh twice. *chores* is what
    else has to be done now and then: each time after the refreshes, twice a minute at most."""

    def __init__(
        self, parts: Parts, views: Views, freshness: Freshness, chores: Callable[[], object] = lambda: None
    ) -> None:
        self._parts = parts
        self._views = views
        self._freshness = freshness
        self._chores = chores
        self._chores_due_ms = 0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._troubles: dict[str, str] = {}

    def start(self) -> None:
        """Begin, in a thread of its own. Twice is fine."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="palyra-refresher", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End; what is under way is finished by whoever settles the refreshes."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(_SHORTEST_SECONDS)

    @property
    def troubles(self) -> dict[str, str]:
        """The codes of errors of the last sweep, by profile; one of the sweep itself under an empty name."""
        return dict(self._troubles)

    def sweep(self) -> float:
        """Refresh everything that is due now, sixteen at a time; return in how many seconds to look again."""
        self._views.look_around()
        self._parts.refresher.save_late()
        self._parts.states.flush()
        now = self._parts.clock.now_ms()
        families = self._parts.families.all()
        due = [
            (profile, family.generation)
            for profile in self._parts.registry.snapshot().profiles
            if (family := families.get(profile.id)) is not None and is_due(family, now)
        ]
        self._troubles = {}
        if due:
            with ThreadPoolExecutor(min(AT_ONCE, len(due)), thread_name_prefix="palyra-sweep") as pool:
                list(pool.map(lambda each: self._refresh(*each), due))
        if now >= self._chores_due_ms:
            self._chores_due_ms = now + _CHORES_MS
            self._chores()
        return self._pause()

    def _refresh(self, profile: Profile, generation: int) -> None:
        try:
            self._freshness.refresh(profile, after=generation, deadline=Deadline.after(_SWEEP_SECONDS))
        except PalyraError as error:
            self._troubles[profile.id] = error.code  # doctor shows it; the next sweep tries again

    def _pause(self) -> float:
        now = self._parts.clock.now_ms()
        moments = [
            max(family.due_ms, family.gate_ms)
            for family in self._parts.families.all().values()
            if family.due_ms is not None and family.refreshable and not family.terminal
        ]
        seconds = (min(moments, default=now + int(_LONGEST_SECONDS * 1000)) - now) / 1000
        return min(max(seconds, _SHORTEST_SECONDS), _LONGEST_SECONDS)

    def _run(self) -> None:
        pause = 0.0
        while not self._stop.wait(pause):
            try:
                pause = self.sweep()
            except PalyraError as error:
                if error.code == "closed":
                    return
                self._troubles[""] = error.code
                pause = _LONGEST_SECONDS


def is_due(family: Family, now_ms: int) -> bool:
    """Whether the family is to be refreshed now. What only lacks a known end is never due."""
    if family.terminal or not family.refreshable or family.due_ms is None:
        return False
    return family.due_ms <= now_ms and family.gate_ms <= now_ms

"""How all profiles stand, as this process last saw it: cheap enough to choose among thousands."""

from __future__ import annotations

from collections.abc import Callable

from palyra_kernel.auth.choices import Choices
from palyra_kernel.auth.family import Family
from palyra_kernel.auth.parts import Parts
from palyra_kernel.auth.profile import Profile
from palyra_kernel.auth.registry import Snapshot
from palyra_kernel.auth.selection import Look
from palyra_kernel.auth.standing import Standing, standing

Allowed = Callable[[Profile], bool]
"""Whether policy lets a profile be used."""
_LOOK_AROUND_MS = 5_000


class Views:
    """The families of all profiles, at most five seconds old. Whoever chose one looks at that as it is now."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._looked_ms = -_LOOK_AROUND_MS
        self._views: dict[str, Family] = {}
        self._seen: tuple[object, Snapshot, Choices] | None = None

    def look(self, allowed: Allowed | None = None) -> Look:
        """What choosing sees."""
        parts, now = self._parts, self._parts.clock.now_ms()
        if not 0 <= now - self._looked_ms <= _LOOK_AROUND_MS:
            self.look_around()
        known, choices = self._listed()
        return Look(
            known=known,
            choices=choices,
            now_ms=now,
            standing=lambda profile: self._standing(profile, now),
            allowed=allowed or (lambda _: True),
            claim=lambda profile, seen: parts.states.claim(profile.id, now, stale=seen.stale),
        )

    def _listed(self) -> tuple[Snapshot, Choices]:
        """What is registered and chosen, read again where anything at all was committed since."""
        moment, seen = self._parts.records.store.moment(), self._seen
        if seen is None or moment is None or seen[0] != moment:
            seen = self._seen = moment, self._parts.registry.snapshot(), self._parts.chosen.read()
        return seen[1], seen[2]

    def look_around(self) -> None:
        """See all families as they are now."""
        self._views = dict(self._parts.families.all())
        self._looked_ms = self._parts.clock.now_ms()

    def now(self, id: str) -> Family:
        """The family of the profile *id* as it is now."""
        return self.saw(self._parts.families.read(id)[1])

    def saw(self, family: Family) -> Family:
        """Remember *family*, which somebody has just seen or made; return it."""
        self._views[family.id] = family
        return family

    def _standing(self, profile: Profile, now: int) -> Standing:
        family = self._views.get(profile.id) or self.now(profile.id)
        state = self._parts.states.read(profile.id, now)
        return standing(profile, family, state, now, supported=self._parts.issuers.supports(profile))

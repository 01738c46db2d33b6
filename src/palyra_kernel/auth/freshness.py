"""From a profile to a credential that works: opened where it is kept, refreshed where it is too old."""

from __future__ import annotations

from palyra_kernel.auth.family import Family
from palyra_kernel.auth.flights import Flights
from palyra_kernel.auth.parts import Parts
from palyra_kernel.auth.profile import FromSource, OAuthLogin, Profile
from palyra_kernel.auth.refresh import Refreshed
from palyra_kernel.auth.use import TokenLease
from palyra_kernel.auth.views import Views
from palyra_kernel.errors import NotFoundError, UnavailableError
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.sensitive import SensitiveBytes

MARGIN_MS = 30_000
_MARGIN_SHARE = 0.1


class Freshness:
    """Opens and refreshes credentials."""

    def __init__(self, parts: Parts, views: Views) -> None:
        self._parts = parts
        self._views = views
        self._flights: Flights[Refreshed] = Flights()

    def lease(self, profile: Profile, deadline: Deadline) -> TokenLease:
        """The credential of *profile*, made fresh. Raises :class:`NotFoundError` ``tokens_missing``,
        :class:`UnavailableError` ``reauth_required``, ``revoked``, ``disabled``, ``refresh_failed``, ``deadline``,
        ``adapter_missing``, and what a source raises."""
        adapter = self._parts.issuers.adapter(profile)
        family = self._views.now(profile.id)
        if family.terminal:
            raise ended(family)
        if isinstance(profile.credential, FromSource):
            value = self._parts.read(profile.credential.ref, deadline)
        elif not family.stored:
            raise NotFoundError(
                "tokens_missing",
                f"the profile {profile.id} has no credential",
                hint=f"palyra auth login --id {profile.id}",
            )
        elif isinstance(profile.credential, OAuthLogin):
            family, value = self._fresh(profile, family, deadline)
        else:
            value = self._parts.held.key(family)
        kind = profile.kind
        expires = family.expires_at_ms
        return TokenLease(
            profile, family.generation, expires, value, lambda secret: adapter.headers(secret, kind)
        )

    def _fresh(self, profile: Profile, family: Family, deadline: Deadline) -> tuple[Family, SensitiveBytes]:
        """The access token, and the family that it is of."""
        now = self._parts.clock.now_ms()
        if not is_near_its_end(family, now):
            if family.refreshable and family.due_ms is not None and family.due_ms <= now:
                self.begin_refresh(profile, family.generation)
            return self._parts.held.access(family)
        result = self.refresh(profile, after=family.generation, deadline=deadline)
        family = result.family
        kept = self._parts.refresher.unsaved(profile.id) if result.outcome == "unsaved" else None
        if kept is not None:
            return kept[1], SensitiveBytes(kept[0].access_token.view())
        if family.terminal:
            raise ended(family)
        if family.expires_at_ms is not None and family.expires_at_ms <= self._parts.clock.now_ms():
            why = family.last_error or ("no refresh token" if not family.refreshable else result.outcome)
            raise UnavailableError(
                "refresh_failed",
                f"the token of {profile.id} is too old, and there is no newer one: {why}",
                hint=f"palyra auth profiles explain {profile.id}",
            )
        return self._parts.held.access(family)

    def refresh(self, profile: Profile, *, after: int, deadline: Deadline, force: bool = False) -> Refreshed:
        """Refresh *profile* unless its family is newer than generation *after*: see :meth:`Refresher.refresh`. It goes
        on where *deadline* ends the waiting for it, :class:`UnavailableError` ``deadline``."""
        return self._flights.join(profile.id, lambda: self._refreshed(profile, after, force=force), deadline)

    def begin_refresh(self, profile: Profile, after: int) -> None:
        """The same; nobody waits for it."""
        self._flights.begin(profile.id, lambda: self._refreshed(profile, after, force=False))

    def _refreshed(self, profile: Profile, after: int, *, force: bool) -> Refreshed:
        result = self._parts.refresher.refresh(profile, after=after, force=force)
        self._views.saw(result.family)
        if result.outcome == "succeeded":
            self._parts.states.succeeded(profile.id, "refresh", now_ms=self._parts.clock.now_ms())
        return result

    def settle(self, deadline: Deadline) -> None:
        """Wait for refreshes under way, until *deadline*."""
        self._flights.settle(deadline)


def is_near_its_end(family: Family, now_ms: int) -> bool:
    """Whether the access token is too old, or will be before a call with it ends: 30 s, or a tenth of its life."""
    if family.expires_at_ms is None:
        return False
    life = family.expires_at_ms - family.obtained_at_ms
    return family.expires_at_ms - now_ms <= min(MARGIN_MS, int(life * _MARGIN_SHARE))


def ended(family: Family) -> UnavailableError:
    """The error of a family that is over."""
    hint = f"palyra auth login --id {family.id}"
    if family.terminal == "disabled":
        hint = f"palyra auth profiles enable {family.id}"
    why = f" ({family.terminal_code})" if family.terminal_code else ""
    return UnavailableError(
        family.terminal or "internal", f"the profile {family.id} is {family.terminal}{why}", hint=hint
    )

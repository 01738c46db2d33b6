"""The only way to use a credential: choose, make fresh, hand out."""

from __future__ import annotations

import msgspec

from palyra_kernel.auth.freshness import MARGIN_MS, Freshness, ended
from palyra_kernel.auth.parts import Parts
from palyra_kernel.auth.profile import FromSource
from palyra_kernel.auth.selection import Explanation, Picked
from palyra_kernel.auth.selector import Selector
from palyra_kernel.auth.use import TokenLease
from palyra_kernel.auth.views import Allowed, Views
from palyra_kernel.contracts.oauth import FailureKind
from palyra_kernel.errors import NotFoundError, PalyraError, UnavailableError
from palyra_kernel.values.deadline import Deadline

_SECONDS = 30.0
_HOT_MS = 1_000
_HOT_KEPT = 1024


class _Hot(msgspec.Struct):
    """What one profile gave last: good for a moment, while nothing at all was committed by anybody."""

    moment: object
    until_ms: int
    lease: TokenLease


class Getter:
    """Hands out credentials of one open vault. Any thread may call it."""

    def __init__(self, parts: Parts, views: Views, freshness: Freshness) -> None:
        self._parts = parts
        self._views = views
        self._freshness = freshness
        self._hot: dict[Selector | str, _Hot] = {}

    def get_token(
        self, selector: str | Selector, deadline: Deadline | None = None, allowed: Allowed | None = None
    ) -> TokenLease:
        """See :meth:`AuthProfiles.get_token`."""
        hot = self._hot.get(selector)
        if hot is not None and allowed is None and hot.until_ms > self._parts.clock.now_ms():
            moment = self._parts.records.store.moment()
            if moment is not None and moment == hot.moment:
                return hot.lease
        moment = self._parts.records.store.moment()  # first: what changes meanwhile is noticed
        wanted = Selector.parse(selector)
        lease = self._chosen(wanted, deadline or Deadline.after(_SECONDS), allowed)
        if wanted.profile and allowed is None:
            self._heat(selector, lease, moment)
        return lease

    def _chosen(self, wanted: Selector, deadline: Deadline, allowed: Allowed | None) -> TokenLease:
        first: PalyraError | None = None
        while (picked := self._picked(wanted, allowed)) is not None:
            try:
                return self._freshness.lease(picked.profile, deadline)
            except PalyraError as error:
                self._not_had(picked, error)
                first = first or error
                if wanted.profile or deadline.expired:
                    break
                wanted = msgspec.structs.replace(wanted, denied=wanted.denied | {picked.profile.id})
        raise first or self._nothing(wanted, allowed)

    def _picked(self, wanted: Selector, allowed: Allowed | None) -> Picked | None:
        picked = self._parts.selection.pick(wanted, self._views.look(allowed))
        if picked is None:  # another process may have mended what we take for broken
            self._views.look_around()
            picked = self._parts.selection.pick(wanted, self._views.look(allowed))
        if picked is not None:
            self._parts.states.used(picked.profile.id, self._parts.clock.now_ms())
        return picked

    def _not_had(self, picked: Picked, error: PalyraError) -> None:
        """What is missing is seen to be by the next choice; that a source or a try failed is not."""
        if picked.probe or isinstance(picked.profile.credential, FromSource):
            kind: FailureKind = "config_missing" if isinstance(error, NotFoundError) else "transient"
            profile, now = picked.profile, self._parts.clock.now_ms()
            self._parts.states.failed(profile.id, kind, profile.provider, now_ms=now)

    def _heat(self, selector: Selector | str, lease: TokenLease, moment: object) -> None:
        if moment is None or isinstance(lease.profile.credential, FromSource):
            return
        if len(self._hot) >= _HOT_KEPT:
            self._hot.clear()
        until = self._parts.clock.now_ms() + _HOT_MS
        if lease.expires_at_ms is not None:
            until = min(until, lease.expires_at_ms - MARGIN_MS)
        self._hot[selector] = _Hot(moment, until, lease)

    def _nothing(self, wanted: Selector, allowed: Allowed | None) -> PalyraError:
        explained = self.explain(wanted, allowed)
        if explained.reason_code == "no_candidates":
            return NotFoundError("no_profile", f"no profile for {wanted}", hint=f"palyra auth login {wanted}")
        if len(explained.candidates) == 1 and explained.candidates[0].terminal:
            return ended(self._views.now(explained.candidates[0].profile_id))
        reasons = ", ".join(sorted({each.reason_code for each in explained.candidates}))
        return UnavailableError(
            "no_eligible_profile",
            f"no profile for {wanted} can be used now: {reasons}",
            hint=f"palyra auth profiles explain {wanted}",
        )

    def explain(self, selector: str | Selector, allowed: Allowed | None = None) -> Explanation:
        """What :meth:`get_token` would choose now, and why nothing else. Nothing is decrypted, nothing changes."""
        return self._parts.selection.explain(Selector.parse(selector), self._views.look(allowed))

    def forget(self) -> None:
        """Let go of everything."""
        self._hot.clear()
        self._parts.held.forget()

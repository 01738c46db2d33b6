"""What users of a credential say came of it: cooldowns, one more refresh, the end."""

from __future__ import annotations

from msgspec.structs import replace

from palyra_kernel.auth.family import Family
from palyra_kernel.auth.freshness import Freshness
from palyra_kernel.auth.parts import Parts
from palyra_kernel.auth.use import Report, TokenLease
from palyra_kernel.auth.views import Views
from palyra_kernel.contracts.oauth import FailureKind, ProviderResponse
from palyra_kernel.errors import PalyraError
from palyra_kernel.values.deadline import Deadline

_SECONDS = 30.0
_FAILED_FROM = 400
_UNAUTHORIZED = 401


class Reports:
    """Takes reports."""

    def __init__(self, parts: Parts, views: Views, freshness: Freshness) -> None:
        self._parts = parts
        self._views = views
        self._freshness = freshness
        self._reacted: dict[str, int] = {}
        """Of each profile: the generation that came of a refusal. One that is refused too is not refreshed again."""

    def take(
        self, lease: TokenLease, response: ProviderResponse | FailureKind, *, began_ms: int | None = None
    ) -> Report:
        """See :meth:`AuthProfiles.report`."""
        profile, now = lease.profile, self._parts.clock.now_ms()
        asked: float | None = None
        if isinstance(response, ProviderResponse):
            found = self._parts.issuers.adapter(profile).classify(response)
            if found is None:
                if response.status < _FAILED_FROM:
                    self._parts.states.succeeded(profile.id, "call", now_ms=now, began_ms=began_ms)
                else:
                    self._parts.states.release(profile.id)  # a mistake of the caller shows nothing
                return Report()
            kind, asked = found, _asked(response, now)
        else:
            kind = response
        if kind in ("auth_invalid", "refresh_due") and self._renewed(lease):
            return Report(kind=kind, retry="same")
        last = self._parts.states.failed(
            profile.id,
            kind,
            profile.provider,
            now_ms=now,
            began_ms=began_ms,
            retry_after_seconds=asked,
            static=profile.kind == "api_key" and _is_of_the_key(response),
        )
        if last:
            self._end(lease)
        return Report(kind=kind, retry="other")

    def _renewed(self, lease: TokenLease) -> bool:
        """Whether there is a newer credential than the one that was refused, which may be because we make one now."""
        profile = lease.profile
        if self._views.now(profile.id).generation > lease.generation:
            return True
        if profile.kind != "oauth" or self._reacted.get(profile.id) == lease.generation:
            return False
        try:
            deadline = Deadline.after(_SECONDS)
            result = self._freshness.refresh(profile, after=lease.generation, deadline=deadline, force=True)
        except PalyraError:
            return False  # the failure that is written down next says so
        if result.family.generation <= lease.generation:
            return False
        self._reacted[profile.id] = result.family.generation
        return True

    def _end(self, lease: TokenLease) -> None:
        """A key that was refused again and again is not tried any more until somebody acts."""

        def edit(family: Family) -> Family | None:
            if family.generation != lease.generation or family.terminal:
                return None
            return replace(family, terminal="reauth_required", terminal_code="rejected")

        self._views.saw(self._parts.families.update(lease.profile.id, edit))


def _is_of_the_key(response: ProviderResponse | FailureKind) -> bool:
    """Whether it was the key that was refused, and not what it was used for: 403 may be about a model."""
    return not isinstance(response, ProviderResponse) or response.status == _UNAUTHORIZED


def _asked(response: ProviderResponse, now_ms: int) -> float | None:
    from palyra_kernel.auth.grammar.retry_after import retry_after_seconds

    return retry_after_seconds(response.headers.get("retry-after"), now_ms / 1000)

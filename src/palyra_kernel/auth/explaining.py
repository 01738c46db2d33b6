"""Why a profile is chosen, and why each other one is not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Literal

import msgspec

from palyra_kernel.auth.family import Terminal, TokenState
from palyra_kernel.auth.profile import Profile
from palyra_kernel.auth.selector import Selector
from palyra_kernel.auth.stages import LAYERS, Layer, Plan
from palyra_kernel.auth.standing import Eligibility, Standing
from palyra_kernel.contracts.oauth import CredentialType

Reason = Literal[
    "provider_mismatch",
    "credential_mode_restricted",
    "not_in_explicit_order",
    "policy_denied",
    "eligible",
    "cooldown_active",
    "token_expired",
    "credential_revoked",
    "credential_missing",
    "unsupported",
    "profile_disabled",
]
Outcome = Literal["selected", "no_eligible_candidates", "no_candidates"]
_REASON: Mapping[Eligibility, Reason] = {
    "eligible": "eligible",
    "cooling_down": "cooldown_active",
    "expired": "token_expired",
    "revoked": "credential_revoked",
    "missing_credential": "credential_missing",
    "unsupported": "unsupported",
    "policy_denied": "policy_denied",
    "disabled": "profile_disabled",
}


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """One profile and what becomes of it; ``reason_code`` is the first test that it fails, or ``eligible``."""

    profile_id: str
    provider: str
    scope: str
    credential_type: CredentialType
    token_expiry_state: TokenState
    eligibility: Eligibility
    terminal: Terminal
    failure_count: int
    cooldown_until_unix_ms: int | None
    cooldown_reasons: tuple[str, ...]
    last_used_unix_ms: int | None
    selected: bool
    reason_code: Reason


class LayerOutcome(msgspec.Struct, frozen=True):
    """What a layer comes to: ``absent`` if it says nothing, ``chosen``, ``outranked`` by one before it, or
    ``not_eligible``: nothing that it offers can be used."""

    layer: Layer
    reason_code: Literal["absent", "chosen", "outranked", "not_eligible"]


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """What would be chosen, and why nothing else."""

    selected_profile_id: str | None
    reason_code: Outcome
    candidates: tuple[Candidate, ...]
    layers: tuple[LayerOutcome, ...]
    generated_at_unix_ms: int


class Verdict:
    """What stands against profiles in one choice."""

    def __init__(
        self,
        selector: Selector,
        plan: Plan,
        standing: Callable[[Profile], Standing],
        allowed: Callable[[Profile], bool],
        now_ms: int,
    ) -> None:
        self._selector, self._plan = selector, plan
        self.standing, self._allowed, self._now_ms = standing, allowed, now_ms
        self._known: dict[str, Reason] = {}

    def fits(self, profile: Profile) -> bool:
        """Whether the choice may see it, and its selector and the order let it be used."""
        return profile.scope in self._plan.scopes and self._unfit(profile) is None

    def usable(self, profile: Profile) -> bool:
        """Whether nothing at all stands against it."""
        return profile.scope in self._plan.scopes and self.reason(profile) == "eligible"

    def reason(self, profile: Profile) -> Reason:
        """The first test that it fails, or ``eligible``."""
        found = self._known.get(profile.id)
        if found is None:
            found = self._known[profile.id] = self._reason(profile)
        return found

    def _unfit(self, profile: Profile) -> Reason | None:
        selector = self._selector
        if selector.provider is not None and profile.provider != selector.provider:
            return "provider_mismatch"
        if profile.kind not in selector.types:
            return "credential_mode_restricted"
        if not self._plan.in_order(profile):
            return "not_in_explicit_order"
        return "policy_denied" if profile.id in selector.denied else None

    def _reason(self, profile: Profile) -> Reason:
        if unfit := self._unfit(profile):
            return unfit
        if not self._allowed(profile):
            return "policy_denied"
        return _REASON[self.standing(profile).eligibility(self._now_ms)]


def explained(
    selector: Selector, plan: Plan, verdict: Verdict, profiles: Iterable[Profile], now_ms: int
) -> Explanation:
    """The explanation of one choice among *profiles*, of which those that it may not see are left out."""
    winner, layer = _winner(plan, verdict, now_ms)
    seen = [profile for profile in profiles if profile.scope in plan.scopes]
    if selector.profile:
        seen = [profile for profile in seen if profile.id == selector.profile]
    candidates = tuple(_candidate(profile, verdict, winner, now_ms) for profile in seen)
    outcome: Outcome = "selected" if winner is not None else "no_eligible_candidates"
    if all(candidate.reason_code == "provider_mismatch" for candidate in candidates):
        outcome = "no_candidates"
    return Explanation(
        selected_profile_id=None if winner is None else winner.id,
        reason_code=outcome,
        candidates=candidates,
        layers=_layers(plan, layer),
        generated_at_unix_ms=now_ms,
    )


def _winner(plan: Plan, verdict: Verdict, now_ms: int) -> tuple[Profile | None, Layer | None]:
    for stage in plan.stages():
        for profile in stage.listed:
            if verdict.usable(profile):
                return profile, stage.layer
        if stage.pool is not None:
            found = stage.pool.peek(verdict.standing, now_ms, verdict.usable)
            if found is not None:
                return found, stage.layer
    return None, None


def _candidate(profile: Profile, verdict: Verdict, winner: Profile | None, now_ms: int) -> Candidate:
    standing, reason = verdict.standing(profile), verdict.reason(profile)
    return Candidate(
        profile_id=profile.id,
        provider=str(profile.provider),
        scope=str(profile.scope),
        credential_type=profile.kind,
        token_expiry_state=standing.token,
        eligibility="policy_denied" if reason == "policy_denied" else standing.eligibility(now_ms),
        terminal=standing.terminal,
        failure_count=standing.failures,
        cooldown_until_unix_ms=standing.cooling_until_ms or None,
        cooldown_reasons=standing.reasons,
        last_used_unix_ms=standing.last_used_ms or None,
        selected=profile is winner,
        reason_code=reason,
    )


def _layers(plan: Plan, chosen: Layer | None) -> tuple[LayerOutcome, ...]:
    """The first layer that chose, or whose order rules the others out, outranks those behind it."""
    last = LAYERS.index(chosen or plan.order_layer or LAYERS[-1])
    outcomes = []
    for number, layer in enumerate(LAYERS):
        if not plan.speaks(layer):
            outcomes.append(LayerOutcome(layer, "absent"))
        elif layer == chosen:
            outcomes.append(LayerOutcome(layer, "chosen"))
        else:
            outcomes.append(LayerOutcome(layer, "outranked" if number > last else "not_eligible"))
    return tuple(outcomes)

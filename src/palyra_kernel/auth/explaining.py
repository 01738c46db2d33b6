"""Why a profile is chosen, and why each other one is not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Literal

import msgspec

from palyra_kernel.auth.family import Terminal, TokenState
from palyra_kernel.auth.pool import Ask
from palyra_kernel.auth.profile import Profile
from palyra_kernel.auth.stages import LAYERS, Layer, Plan, Unfit
from palyra_kernel.auth.standing import Eligibility
from palyra_kernel.contracts.oauth import CredentialType

Reason = (
    Unfit
    | Literal[
        "eligible",
        "cooldown_active",
        "token_expired",
        "credential_revoked",
        "credential_missing",
        "unsupported",
        "profile_disabled",
    ]
)
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

    def __init__(self, plan: Plan, standing: Ask, allowed: Callable[[Profile], bool], now_ms: int) -> None:
        self._plan, self._allowed = plan, allowed
        self.standing, self.now_ms = standing, now_ms
        self._reasons: dict[str, Reason] = {}

    def usable(self, profile: Profile) -> bool:
        """Whether nothing stands against it."""
        return self._plan.visible(profile) and self.reason(profile) == "eligible"

    def reason(self, profile: Profile) -> Reason:
        """The first test that a visible profile fails, or ``eligible``."""
        found = self._reasons.get(profile.id)
        if found is None:
            found = self._reasons[profile.id] = self._reason(profile)
        return found

    def _reason(self, profile: Profile) -> Reason:
        if unfit := self._plan.unfit(profile):
            return unfit
        if not self._allowed(profile):
            return "policy_denied"
        return _REASON[self.standing(profile).eligibility(self.now_ms)]


def explained(plan: Plan, pinned: Profile | None, verdict: Verdict, seen: Iterable[Profile]) -> Explanation:
    """The explanation of one choice among the *seen*; *pinned* is the profile that its session uses."""
    winner, layer = _winner(plan, pinned, verdict)
    candidates = tuple(_candidate(profile, verdict, winner) for profile in seen if plan.visible(profile))
    outcome: Outcome = "selected" if winner is not None else "no_eligible_candidates"
    if all(candidate.reason_code == "provider_mismatch" for candidate in candidates):
        outcome = "no_candidates"
    return Explanation(
        selected_profile_id=None if winner is None else winner.id,
        reason_code=outcome,
        candidates=candidates,
        layers=_layers(plan, pinned, layer),
        generated_at_unix_ms=verdict.now_ms,
    )


def _winner(plan: Plan, pinned: Profile | None, verdict: Verdict) -> tuple[Profile | None, Layer | None]:
    if pinned is not None and verdict.usable(pinned):
        return pinned, "session"
    for stage in plan.stages:
        for profile in stage.listed:
            if verdict.usable(profile):
                return profile, stage.layer
        pool = plan.pool(stage, verdict.standing, verdict.now_ms)
        if pool is not None and (found := pool.peek(verdict.standing, verdict.now_ms, verdict.usable)):
            return found, stage.layer
    return None, None


def _candidate(profile: Profile, verdict: Verdict, winner: Profile | None) -> Candidate:
    standing, reason = verdict.standing(profile), verdict.reason(profile)
    return Candidate(
        profile_id=profile.id,
        provider=str(profile.provider),
        scope=str(profile.scope),
        credential_type=profile.kind,
        token_expiry_state=standing.token,
        eligibility="policy_denied" if reason == "policy_denied" else standing.eligibility(verdict.now_ms),
        terminal=standing.terminal,
        failure_count=standing.failures,
        cooldown_until_unix_ms=standing.cooling_until_ms or None,
        cooldown_reasons=standing.reasons,
        last_used_unix_ms=standing.last_used_ms or None,
        selected=profile is winner,
        reason_code=reason,
    )


def _layers(plan: Plan, pinned: Profile | None, chosen: Layer | None) -> tuple[LayerOutcome, ...]:
    """The first layer that chose, or whose order rules the others out, outranks those behind it."""
    last = LAYERS.index(chosen or plan.order_layer or LAYERS[-1])
    outcomes = []
    for number, layer in enumerate(LAYERS):
        if not (pinned is not None if layer == "session" else plan.speaks(layer)):
            outcomes.append(LayerOutcome(layer, "absent"))
        elif layer == chosen:
            outcomes.append(LayerOutcome(layer, "chosen"))
        else:
            outcomes.append(LayerOutcome(layer, "outranked" if number > last else "not_eligible"))
    return tuple(outcomes)

"""How all profiles are, from their records alone: nothing is decrypted, refreshed or written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

import msgspec
from msgspec.structs import replace

from palyra_kernel.auth.documents.kept import KeptStore
from palyra_kernel.auth.documents.registry import Quarantined
from palyra_kernel.auth.family import Family, Terminal, TokenState
from palyra_kernel.auth.hints import Hint, hint_of
from palyra_kernel.auth.metrics import RefreshCounts, RefreshMetrics
from palyra_kernel.auth.names import ProfileScope
from palyra_kernel.auth.parts import Parts
from palyra_kernel.auth.profile import Profile
from palyra_kernel.auth.standing import Eligibility, Standing, standing
from palyra_kernel.auth.tokens import Part
from palyra_kernel.contracts.oauth import CredentialType
from palyra_kernel.errors import PalyraError
from palyra_kernel.values.findings import Finding, finding_of

State = Literal["ok", "expiring", "expired", "missing", "static"]
Grade = Literal["healthy", "degraded", "failed"]
Bucket = Literal[
    "expired",
    "within_5m",
    "within_15m",
    "within_60m",
    "within_24h",
    "over_24h",
    "unknown",
    "static",
    "missing",
]
BUCKETS: tuple[tuple[Bucket, int], ...] = (
    ("expired", 0),
    ("within_5m", 5 * 60_000),
    ("within_15m", 15 * 60_000),
    ("within_60m", 60 * 60_000),
    ("within_24h", 24 * 3_600_000),
)
"""From the nearest: milliseconds that are left at most."""
ALL_BUCKETS: tuple[Bucket, ...] = (*(name for name, _ in BUCKETS), "over_24h", "unknown", "static", "missing")
_STATES: Mapping[TokenState, State] = {
    "valid": "ok",
    "unknown": "ok",
    "expiring": "expiring",
    "expired": "expired",
    "missing": "missing",
    "static": "static",
}
_PARTS: Mapping[CredentialType, Part] = {"api_key": "key", "oauth": "tokens"}
_GRADES: tuple[Grade, ...] = ("healthy", "degraded", "failed")


class ProfileHealth(msgspec.Struct, frozen=True, kw_only=True):
    """One profile. ``suspect``: nobody knows whether its refresh token is spent. Times are milliseconds since 1970."""

    profile_id: str
    provider: str
    scope: str
    credential_type: CredentialType
    state: State
    grade: Grade
    token_expiry_state: TokenState
    eligibility: Eligibility
    terminal: Terminal
    suspect: bool
    expires_at_unix_ms: int | None
    cooldown_until_unix_ms: int | None
    failure_count: int
    hint: Hint | None


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """How many there are of each state."""

    total: int
    ok: int
    expiring: int
    expired: int
    missing: int
    static_count: int


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """``grade``: that of the worst profile that is not disabled. ``damaged``: records that cannot be understood.
    ``rebuilt``: profiles whose runtime state was lost, with the code. ``troubles``: what the last sweep of the
    scheduler could not do, by profile."""

    grade: Grade
    summary: Summary
    expiry_distribution: Mapping[Bucket, int]
    refresh_metrics: RefreshCounts
    profiles: tuple[ProfileHealth, ...]
    quarantined: tuple[Quarantined, ...] = ()
    damaged: int = 0
    rebuilt: Mapping[str, str] = {}
    troubles: Mapping[str, str] = {}
    generated_at_unix_ms: int

    def findings(self) -> Iterator[Finding]:
        """What ``palyra doctor`` shows."""
        for profile in self.profiles:
            if (hint := profile.hint) is not None:
                yield Finding(
                    severity=hint.severity,
                    code=hint.code,
                    subject=f"profile {profile.profile_id}",
                    message=hint.message,
                    hint=hint.command or None,
                )
        for row in self.quarantined:
            subject = f"profile {row.id or '(no id)'}"
            yield _warning("profile_quarantined", subject, f"{row.code}: {row.message}", _EDIT)
        if self.damaged:
            message = f"{self.damaged} records of profiles cannot be understood; the others work"
            yield _warning(
                "profiles_damaged", "profiles", message, "restore them: palyra auth profiles import FILE"
            )
        for name, code in self.rebuilt.items():
            yield _warning("runtime_rebuilt", f"profile {name}", f"its runtime state was lost ({code})", None)
        for name, code in self.troubles.items():
            message = f"refreshing it ahead of time failed: {code}"
            yield _warning("refresh_trouble", f"profile {name}" if name else "profiles", message, None)


_EDIT = "palyra auth profiles edit"


class Doctor:
    """Examines the profiles of one open vault."""

    def __init__(self, parts: Parts, metrics: RefreshMetrics) -> None:
        self._parts = parts
        self._metrics = metrics
        self._kept = KeptStore(parts.records)

    def health(
        self, *, scopes: Iterable[ProfileScope] | None = None, troubles: Mapping[str, str] | None = None
    ) -> Health:
        """How all profiles are, or those of *scopes*."""
        parts, now = self._parts, self._parts.clock.now_ms()
        wanted = None if scopes is None else frozenset(scopes)
        known, families = parts.registry.snapshot(), parts.families.all()
        parts.states.all(now)
        looked = tuple(
            self._looked(profile, families.get(profile.id), now)
            for profile in known.profiles
            if wanted is None or profile.scope in wanted
        )
        left = Counter(_bucket(each, now) for each in looked)
        counts = Counter(each.state for each in looked)
        return Health(
            grade=_worst(looked),
            summary=Summary(
                total=len(looked),
                ok=counts["ok"],
                expiring=counts["expiring"],
                expired=counts["expired"],
                missing=counts["missing"],
                static_count=counts["static"],
            ),
            expiry_distribution={bucket: left[bucket] for bucket in ALL_BUCKETS},
            refresh_metrics=self._metrics.total,
            profiles=looked,
            quarantined=self._kept.read().rows,
            damaged=known.damaged,
            rebuilt=parts.states.rebuilt,
            troubles=troubles or {},
            generated_at_unix_ms=now,
        )

    def _looked(self, profile: Profile, family: Family | None, now: int) -> ProfileHealth:
        if family is None:
            try:
                family = self._parts.families.read(profile.id)[1]
            except PalyraError as error:
                found = finding_of(error, profile.id)
                hint = Hint(code=found.code, severity="error", message=found.message, command=_login(profile))
                return _told(profile, Family(id=profile.id), Standing(token="missing"), hint, now)
        part = _PARTS.get(profile.kind)
        if part and family.stored and not self._parts.tokens.present(part, profile.id):
            family = replace(family, stored=False)  # somebody erased it past all of us
        state = self._parts.states.read(profile.id, now)
        stands = standing(profile, family, state, now, supported=self._parts.issuers.supports(profile))
        return _told(profile, family, stands, hint_of(profile, family, state, stands, now), now)


def _login(profile: Profile) -> str:
    return f"palyra auth login {profile.provider} --id {profile.id}"


def _told(profile: Profile, family: Family, stands: Standing, hint: Hint | None, now: int) -> ProfileHealth:
    state = _STATES[stands.token]
    eligibility = stands.eligibility(now)
    return ProfileHealth(
        profile_id=profile.id,
        provider=str(profile.provider),
        scope=str(profile.scope),
        credential_type=profile.kind,
        state=state,
        grade=_grade(state, stands, eligibility),
        token_expiry_state=stands.token,
        eligibility=eligibility,
        terminal=stands.terminal,
        suspect=family.suspicion is not None,
        expires_at_unix_ms=family.expires_at_ms,
        cooldown_until_unix_ms=stands.cooling_until_ms or None,
        failure_count=stands.failures,
        hint=hint,
    )


def _grade(state: State, stands: Standing, eligibility: Eligibility) -> Grade:
    if stands.terminal or not stands.supported or state in ("expired", "missing"):
        return "failed"
    return "degraded" if state == "expiring" or eligibility == "cooling_down" else "healthy"


def _worst(profiles: Iterable[ProfileHealth]) -> Grade:
    grades = [each.grade for each in profiles if each.terminal != "disabled"]
    return max(grades, key=_GRADES.index, default="healthy")


def _bucket(profile: ProfileHealth, now: int) -> Bucket:
    if profile.state in ("static", "missing"):
        return "static" if profile.state == "static" else "missing"
    if profile.expires_at_unix_ms is None:
        return "unknown"
    left = profile.expires_at_unix_ms - now
    return next((name for name, most in BUCKETS if left <= most), "over_24h")


def _warning(code: str, subject: str, message: str, hint: str | None) -> Finding:
    return Finding(severity="warning", code=code, subject=subject, message=message, hint=hint)

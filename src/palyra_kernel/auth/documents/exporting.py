"""The profiles of a vault as both documents."""

from __future__ import annotations

from typing import NamedTuple

from palyra_kernel.auth.documents.kept import KeptStore
from palyra_kernel.auth.documents.registry import written_registry
from palyra_kernel.auth.documents.row import TokenFacts
from palyra_kernel.auth.documents.runtime import RuntimeLine, written_runtime
from palyra_kernel.auth.family import Family
from palyra_kernel.auth.hints import hint_of
from palyra_kernel.auth.parts import Parts
from palyra_kernel.auth.profile import Profile
from palyra_kernel.auth.standing import standing


class Exported(NamedTuple):
    """``auth_profiles.toml`` and ``auth_profile_runtime_state.toml``, as text."""

    registry: str
    runtime: str


def exported(parts: Parts) -> Exported:
    """Both documents as things are now. Nothing is decrypted but records, and no secret is in them."""
    now, kept = parts.clock.now_ms(), KeptStore(parts.records).read()
    families = parts.families.all()
    parts.states.all(now)
    rows, lines = [], []
    for profile in parts.registry.snapshot().profiles:
        family = families.get(profile.id) or Family(id=profile.id)
        rows.append((profile, TokenFacts.of(family)))
        lines.append(_line(parts, profile, family, now))
    return Exported(
        registry=written_registry(rows, kept.rows, kept.registry),
        runtime=written_runtime(lines, parts.chosen.read(), now, kept.runtime),
    )


def _line(parts: Parts, profile: Profile, family: Family, now: int) -> RuntimeLine:
    state = parts.states.read(profile.id, now)
    stands = standing(profile, family, state, now, supported=parts.issuers.supports(profile))
    hint = hint_of(profile, family, state, stands, now)
    return RuntimeLine(
        profile=profile,
        state=state,
        token=stands.token,
        eligibility=stands.eligibility(now),
        hint={} if hint is None else {"code": hint.code, "severity": hint.severity, "message": hint.message},
    )

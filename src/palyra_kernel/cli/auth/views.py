"""A profile for programs, and for people. Nothing here is secret."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from palyra_kernel.auth.profile import FromSource, OAuthLogin, Profile
from palyra_kernel.values.ids import to_datetime

if TYPE_CHECKING:
    from palyra_kernel.auth.health import ProfileHealth

HEADERS = ("Profile", "Provider", "For", "Credential", "State", "Name")


def described(profile: Profile) -> dict[str, Any]:
    """For programs."""
    return {
        "profile_id": profile.id,
        "provider": str(profile.provider),
        "name": profile.name,
        "scope": str(profile.scope),
        "credential": _credential(profile),
        "adapter": profile.adapter or None,
        "base_url": profile.base_url or None,
        "weight": profile.weight,
        "created_at": to_datetime(profile.created_at_ms),
        "updated_at": to_datetime(profile.updated_at_ms),
    }


def _credential(profile: Profile) -> dict[str, Any]:
    match profile.credential:
        case OAuthLogin() as login:
            return {
                "type": "oauth",
                "issuer": login.metadata.issuer or None,
                "token_endpoint": login.metadata.token_endpoint,
                "client_id": login.client_id or None,
                "client_auth": login.client_auth,
                "scopes": login.scopes,
            }
        case FromSource() as source:
            return {"type": "source", "ref": str(source.ref.ref)}
    return {"type": "api_key"}


def listed(profile: Profile, health: ProfileHealth) -> dict[str, Any]:
    """For programs, in a list."""
    return described(profile) | {"state": health.state, "eligibility": health.eligibility}


def row(profile: Profile, health: ProfileHealth) -> tuple[object, ...]:
    """The columns of a list."""
    state = health.terminal or (
        health.state if health.eligibility in ("eligible", "expired") else health.eligibility
    )
    return (profile.id, profile.provider, profile.scope, profile.kind, state, profile.name)


def at_ms(milliseconds: int | None) -> datetime | None:
    """The time that *milliseconds* since 1970 are; None for 0 and None."""
    return to_datetime(milliseconds) if milliseconds else None

"""What policies learn of a profile, and what says where its credential goes."""

from __future__ import annotations

from typing import Any

import msgspec

from palyra_kernel.auth.profile import OAuthLogin, Profile
from palyra_kernel.values.decisions import Resource


def resource_of(profile: Profile) -> Resource:
    """What policies call it."""
    return Resource("profile", profile.resource)


def labels_of(profile: Profile) -> tuple[str, ...]:
    """What policies may ask about it."""
    return f"provider={profile.provider}", f"type={profile.kind}"


def reaches(profile: Profile) -> dict[str, Any]:
    """Everything that says where the credential goes."""
    login = profile.credential
    return {
        "adapter": profile.adapter,
        "base_url": profile.base_url,
        "metadata": msgspec.to_builtins(login.metadata) if isinstance(login, OAuthLogin) else None,
    }

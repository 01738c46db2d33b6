"""Where the documents say that a secret is: a name of the profile's own, made from its id."""

from __future__ import annotations

import re
from typing import Literal

from palyra_kernel.auth.names import ProfileScope
from palyra_kernel.auth.profile import Profile
from palyra_kernel.errors import InvalidInputError
from palyra_kernel.values.digest import sha256
from palyra_kernel.values.refs import VaultRef
from palyra_kernel.values.scopes import VaultScope

Suffix = Literal["api_key", "oauth_access_token", "oauth_refresh_token", "oauth_client_secret"]
_DIGITS = 16
_SLUG = 64
_KEY = re.compile(r"auth_[A-Za-z0-9._-]*_(?P<digest>[0-9a-f]{16})_(?P<suffix>[a-z_]+)")


def reference(id: str, scope: ProfileScope, suffix: Suffix) -> str:
    """The reference as an export writes it."""
    slug = re.sub(r"[^a-z0-9]+", "_", id).strip("_")[:_SLUG]
    return f"{_vault_scope(scope)}/auth_{slug}_{_digest(id)}_{suffix}"


def own_reference(text: str, profile: Profile, suffix: Suffix) -> VaultRef:
    """*text* as a reference, if it names a secret that was put there for *profile* as *suffix*; a ``vault://`` before
    it says the same. Everything else is another's: reading it would send that to this provider.

    Raises :class:`InvalidInputError` ``foreign_reference``.
    """
    try:
        ref = VaultRef.parse(text.strip())
    except InvalidInputError:
        raise _foreign(profile, suffix) from None
    found = _KEY.fullmatch(ref.key)
    if (
        found is None
        or str(ref.scope) != _vault_scope(profile.scope)
        or ref.version is not None
        or ref.field is not None
        or found["digest"] != _digest(profile.id)
        or found["suffix"] != suffix
    ):
        raise _foreign(profile, suffix)
    return ref


def _vault_scope(scope: ProfileScope) -> str:
    return str(VaultScope("principal", scope.id) if scope.kind == "agent" else VaultScope("global"))


def _digest(id: str) -> str:
    return sha256(id.encode()).hex()[:_DIGITS]


def _foreign(profile: Profile, suffix: Suffix) -> InvalidInputError:
    own = reference(profile.id, profile.scope, suffix)
    return InvalidInputError(
        "foreign_reference", f"the {suffix} of {profile.id} can be read from {own} only, where its own is"
    )

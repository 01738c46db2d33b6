"""A kernel with profiles whose provider is the small issuer of these tests, and a clock that tests move."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

from palyra_kernel import Kernel, SensitiveBytes, TokenReply
from palyra_kernel.auth.clock import Clock
from palyra_kernel.auth.names import GLOBAL, ProfileScope, Provider
from palyra_kernel.auth.profile import ApiKey, OAuthLogin, Profile
from palyra_kernel.auth.service import AuthProfiles
from palyra_kernel.auth.store import NewCredential
from palyra_kernel.contracts.oauth import OAuthMetadata
from palyra_kernel.values.ids import now_ms
from tests.auth.grants import CLIENT
from tests.auth.vendor import Vendor


class Time:
    """The time of a test: that of the machine, and what the test adds to it. Waiting takes none of the test's own."""

    def __init__(self) -> None:
        self.ahead_ms = 0
        self.waited: list[float] = []
        self._random = random.Random(7)

    def now_ms(self) -> int:
        return now_ms() + self.ahead_ms

    def pass_by(self, seconds: float) -> None:
        """So much later."""
        self.ahead_ms += int(seconds * 1000)

    def wait(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.pass_by(seconds)

    @property
    def clock(self) -> Clock:
        return Clock(self.now_ms, self._random.random, self.wait)


def auth_of(kernel: Kernel, clock: Clock | None = None, **options: Any) -> AuthProfiles:
    """The profiles of *kernel* as another process would open them, with *clock*."""
    from palyra_kernel.kernel.profiles import make_auth
    from palyra_kernel.vault import Vault

    vault = Vault(kernel._records, kernel._index, kernel._objects, versions_kept=1)
    registry = kernel.plugins.registry
    return make_auth(registry, kernel._records, vault, lambda: kernel.resolver, clock=clock, **options)


def metadata_of(vendor: Vendor) -> OAuthMetadata:
    """What the documents of *vendor* say."""
    return OAuthMetadata(
        issuer=vendor.url,
        authorization_endpoint=f"{vendor.url}/authorize",
        token_endpoint=f"{vendor.url}/token",
        revocation_endpoint=f"{vendor.url}/revoke",
        introspection_endpoint=f"{vendor.url}/introspect",
        userinfo_endpoint=f"{vendor.url}/userinfo",
    )


def login(
    auth: AuthProfiles,
    vendor: Vendor,
    id: str = "main",
    *,
    lifetime: object = 3600,
    scope: str | ProfileScope = GLOBAL,
    provider: str = "custom:vendor",
    scopes: Iterable[str] = ("read",),
) -> Profile:
    """A profile that has just logged in at *vendor*."""
    access, refresh = vendor.issue(tuple(scopes))
    profile = Profile(
        id=id,
        provider=Provider.parse(provider),
        name=id,
        scope=ProfileScope.parse(scope),
        adapter="oidc",
        credential=OAuthLogin(metadata=metadata_of(vendor), client_id=CLIENT, scopes=tuple(scopes)),
    )
    reply = TokenReply(
        access_token=SensitiveBytes(access.encode()),
        refresh_token=SensitiveBytes(refresh.encode()),
        expires_in=lifetime,
    )
    return auth.accounts.save(profile, NewCredential(reply=reply))


def keyed(
    auth: AuthProfiles,
    key: str,
    id: str,
    *,
    provider: str = "custom:vendor",
    scope: str | ProfileScope = GLOBAL,
) -> Profile:
    """A profile with an API key."""
    profile = Profile(
        id=id,
        provider=Provider.parse(provider),
        name=id,
        scope=ProfileScope.parse(scope),
        credential=ApiKey(),
    )
    return auth.accounts.save(profile, NewCredential(key=SensitiveBytes(key.encode())))


def refresh_token(auth: AuthProfiles, id: str = "main") -> str:
    """The refresh token that is stored for the profile *id*."""
    with auth.parts.tokens.read(id) as held:
        assert held.refresh_token is not None
        return held.refresh_token.reveal().decode()

"""What the rules for adapters share: the fixtures to override, the knobs, and how the kernel calls."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlsplit

import msgspec
import pytest

from palyra_kernel.contracts.oauth import (
    ClientAuth,
    CredentialType,
    FailureKind,
    OAuthFailure,
    OAuthGrant,
    OAuthMetadata,
    OAuthRefreshAdapter,
    Preflight,
    ProviderProfile,
    TokenReply,
)
from palyra_kernel.testing.oauth.wire import Answer, HttpReply, ScriptedClient
from palyra_kernel.values import Deadline, SensitiveBytes

TERMINAL = frozenset({"invalid_grant", "invalid_client", "unauthorized_client", "invalid_scope"})
"""Codes after which the kernel asks a human to log in again."""


class AdapterRules:
    """The knobs are class attributes: set them in your subclass."""

    oauth: ClassVar[bool] = True
    """Whether the provider has logins that are refreshed; False for one with API keys alone."""

    revokes: ClassVar[bool] = True
    """Whether a login can be revoked."""

    keys: ClassVar[bool] = True
    """Whether an API key can be tried."""

    presents: ClassVar[Mapping[CredentialType, tuple[str, str]]] = {
        "api_key": ("authorization", "Bearer "),
        "oauth": ("authorization", "Bearer "),
    }
    """Of each kind of credential that the provider takes: the name of the header field, and what stands before the
    credential."""

    classes: ClassVar[Mapping[tuple[int, str], FailureKind | None]] = {}
    """Status and code of the provider's errors, and what they mean: what the provider's documentation says."""

    client_auths: ClassVar[tuple[ClientAuth, ...]] = ("none", "client_secret_basic", "client_secret_post")
    """How a client can authenticate at the token endpoint."""

    lifetime_field: ClassVar[str] = "expires_in"
    """What the token endpoint calls the lifetime."""

    listing: ClassVar[Any] = {"object": "list", "data": []}
    """What the call with which a key is tried answers when all is well."""

    most_tries: ClassVar[int] = 5
    """How often a key may be tried before it is given up."""

    threads: ClassVar[int] = 8

    @pytest.fixture
    def adapter(self) -> OAuthRefreshAdapter:
        """Your adapter. Override this."""
        raise NotImplementedError("override the fixture `adapter`: return YourAdapter()")

    @pytest.fixture
    def profile(self, adapter: OAuthRefreshAdapter) -> ProviderProfile:
        """A profile for it. Override this if it needs more than a client id."""
        return ProviderProfile(provider=adapter.provider, client_id="palyra-kit")

    @pytest.fixture
    def documents(self) -> Mapping[str, Any]:
        """What the provider publishes, by address, like a discovery document; None unless you override this."""
        return {}

    @pytest.fixture
    def wire(
        self, adapter: OAuthRefreshAdapter, profile: ProviderProfile, documents: Mapping[str, Any]
    ) -> ScriptedClient:
        """The network."""
        return ScriptedClient(adapter.hosts or [urlsplit(profile.issuer).netloc], documents)

    @pytest.fixture
    def metadata(
        self, adapter: OAuthRefreshAdapter, profile: ProviderProfile, wire: ScriptedClient
    ) -> OAuthMetadata:
        """What the adapter says of the provider."""
        return adapter.metadata(profile, wire.client, soon())

    @pytest.fixture
    def login(self, profile: ProviderProfile, metadata: OAuthMetadata, wire: ScriptedClient) -> OAuthGrant:
        """A login, whether the provider has any or not."""
        wire.script()
        return new_grant(profile, metadata)

    @pytest.fixture
    def grant(self, login: OAuthGrant) -> OAuthGrant:
        """A login of a provider that has them."""
        if not self.oauth:
            pytest.skip("oauth is False")
        return login

    @pytest.fixture
    def key(self) -> SensitiveBytes:
        """An API key of a provider that has them."""
        if not self.keys:
            pytest.skip("keys is False")
        return canary()


def canary() -> SensitiveBytes:
    """A secret that looks the same in a form, in a header field and in a message."""
    return SensitiveBytes(secrets.token_hex(24).encode())


def new_grant(
    profile: ProviderProfile, metadata: OAuthMetadata, client_auth: ClientAuth = "none"
) -> OAuthGrant:
    """A login with tokens that nobody has seen; with a secret, if the client has one."""
    return OAuthGrant(
        profile=msgspec.structs.replace(profile, client_auth=client_auth),
        metadata=metadata,
        access_token=canary(),
        refresh_token=canary(),
        client_secret=None if client_auth == "none" else canary(),
    )


def secrets_of(grant: OAuthGrant) -> list[bytes]:
    """The values in *grant*."""
    held = (grant.access_token, grant.refresh_token, grant.client_secret)
    return [secret.reveal() for secret in held if secret is not None]


def tokens(*drop: str, **put: object) -> HttpReply:
    """What a token endpoint answers when all is well, without the fields *drop* and with *put*."""
    full = {
        "access_token": secrets.token_hex(24),
        "token_type": "Bearer",
        "expires_in": 3600,
        "refresh_token": secrets.token_hex(24),
    }
    return HttpReply(json={name: value for name, value in full.items() if name not in drop} | put)


def refresh(
    adapter: OAuthRefreshAdapter, grant: OAuthGrant, wire: ScriptedClient, *answers: Answer
) -> TokenReply | OAuthFailure:
    """What comes of a refresh that is answered so."""
    wire.script(*answers)
    return adapter.refresh(grant, wire.client, soon())


def refreshed(
    adapter: OAuthRefreshAdapter, grant: OAuthGrant, wire: ScriptedClient, answer: Answer
) -> TokenReply:
    """The tokens of a refresh that must succeed."""
    outcome = refresh(adapter, grant, wire, answer)
    assert isinstance(outcome, TokenReply), f"refused: {outcome!r}"
    return outcome


def failed(
    adapter: OAuthRefreshAdapter, grant: OAuthGrant, wire: ScriptedClient, answer: Answer
) -> OAuthFailure:
    """The failure of a refresh that must not succeed."""
    outcome = refresh(adapter, grant, wire, answer)
    assert isinstance(outcome, OAuthFailure), "took it for an answer"
    return outcome


def tried(
    adapter: OAuthRefreshAdapter, key: SensitiveBytes, wire: ScriptedClient, answer: Answer
) -> Preflight:
    """What becomes of a try of *key* that is always answered so."""
    wire.script(answer)
    return adapter.preflight(key, wire.client, soon())


def soon() -> Deadline:
    """A deadline that no healthy call reaches."""
    return Deadline.after(30.0)

"""A profile: whose credential it is, for whom, and where it comes from. No secret is in it."""

from __future__ import annotations

from typing import Any

import msgspec

from palyra_kernel.auth.names import (
    MAX_ID_BYTES,
    MAX_NAME_BYTES,
    ProfileScope,
    Provider,
    checked_text,
    is_id,
    profile_id,
)
from palyra_kernel.contracts.oauth import ClientAuth, CredentialType, OAuthMetadata, ProviderProfile
from palyra_kernel.errors import InvalidInputError
from palyra_kernel.values.secret_ref import SecretRef

MAX_SCOPES = 64
MAX_SCOPE_BYTES = 256
MAX_CLIENT_ID_BYTES = 256
MAX_WEIGHT = 1000
_SOURCE_SCOPE = "global"


class ApiKey(msgspec.Struct, frozen=True, kw_only=True, tag="api_key"):
    """A key that the kernel keeps for this profile alone."""


class OAuthLogin(msgspec.Struct, frozen=True, kw_only=True, tag="oauth"):
    """A login at an issuer. ``metadata``: its endpoints as they were when the profile was made; another endpoint later
    is a change of the profile, which a human approves. ``client_secret``: whether there is one, kept by the kernel.
    ``client_id`` has at most 256 bytes; at most 64 scopes of 256 bytes, kept as written (RFC 6749, 3.3)."""

    metadata: OAuthMetadata
    client_id: str = ""
    client_auth: ClientAuth = "none"
    scopes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.client_id:
            checked_text("client_id", self.client_id, MAX_CLIENT_ID_BYTES)
        if len(self.scopes) > MAX_SCOPES:
            raise InvalidInputError("invalid_scopes", f"a profile has at most {MAX_SCOPES} scopes")
        for scope in self.scopes:
            if " " in checked_text("scopes", scope, MAX_SCOPE_BYTES):
                raise InvalidInputError("invalid_scopes", "a scope has no spaces")
        msgspec.structs.force_setattr(self, "scopes", tuple(sorted({scope.strip() for scope in self.scopes})))

    @property
    def client_secret(self) -> bool:
        """Whether the client authenticates with a secret."""
        return self.client_auth != "none"


class FromSource(msgspec.Struct, frozen=True, kw_only=True, tag="source"):
    """A key that is read where it is whenever it is used."""

    ref: SecretRef


Credential = ApiKey | OAuthLogin | FromSource


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """One credential for one provider. ``adapter``: who knows the provider, empty for nobody: then a key is presented
    as RFC 6750 says. ``weight``: its share among equals, 1 to 1000. ``base_url``: where the provider's API is, if not
    at the usual place. ``unknown``: fields of documents that we do not know, kept as they came. Times are milliseconds
    since 1970. Raises :class:`InvalidInputError` ``invalid_FIELD``.
    """

    id: str
    provider: Provider
    name: str
    scope: ProfileScope
    credential: Credential
    adapter: str = ""
    base_url: str = ""
    weight: int = 1
    created_at_ms: int = 0
    updated_at_ms: int = 0
    unknown: dict[str, Any] = {}

    def __post_init__(self) -> None:
        put = msgspec.structs.force_setattr
        put(self, "id", profile_id(self.id))
        put(self, "name", checked_text("name", self.name, MAX_NAME_BYTES))
        if self.adapter and not is_id(self.adapter):
            raise InvalidInputError("invalid_adapter", f"an adapter has 1 to {MAX_ID_BYTES} of a-z 0-9 - _ .")
        if type(self.weight) is not int or not 1 <= self.weight <= MAX_WEIGHT:
            raise InvalidInputError("invalid_weight", f"a weight is from 1 to {MAX_WEIGHT}")
        if isinstance(self.credential, FromSource):
            _check_own(self.id, self.credential.ref)

    @property
    def kind(self) -> CredentialType:
        """What the credential is."""
        match self.credential:
            case ApiKey():
                return "api_key"
            case OAuthLogin():
                return "oauth"
        return "source"

    @property
    def resource(self) -> str:
        """What policies call it: ``global/ID``, ``agent:planner/ID``."""
        return f"{self.scope}/{self.id}"

    def facts(self) -> ProviderProfile:
        """What its adapter may know."""
        login = self.credential if isinstance(self.credential, OAuthLogin) else None
        return ProviderProfile(
            provider=str(self.provider),
            issuer=login.metadata.issuer if login else "",
            client_id=login.client_id if login else "",
            client_auth=login.client_auth if login else "none",
            scopes=login.scopes if login else (),
            token_endpoint=login.metadata.token_endpoint if login else "",
            base_url=self.base_url,
        )


def _check_own(id: str, ref: SecretRef) -> None:
    """A profile reads nothing from the vault but what was put there for it: else whoever may use the profile could have
    any secret sent to the provider."""
    own = f"{_SOURCE_SCOPE}/auth/{id}/"
    for link in ref.chain:
        if link.scheme == "vault" and not link.ref.removeprefix("vault://").startswith(own):
            raise InvalidInputError(
                "foreign_reference",
                f"the profile {id} can name secrets under {own} only",
                hint=f"store it there, or let the profile keep it: palyra auth login --api-key-stdin --id {id}",
            )

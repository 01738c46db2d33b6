"""What the author of an adapter implements: one provider's knowledge of keys, logins and errors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

import msgspec

from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.sensitive import SensitiveBytes

if TYPE_CHECKING:
    from palyra_kernel.net import HttpClient

CredentialType = Literal["api_key", "oauth", "source"]
ClientAuth = Literal["none", "client_secret_basic", "client_secret_post"]

FailureKind = Literal[
    "auth_invalid", "refresh_due", "refresh_failed", "quota", "rate_limit", "transient", "config_missing"
]
"""Why a credential did not work. ``auth_invalid``: it was refused; ``refresh_due``: it is too old; ``quota``: what it
pays for is used up; ``rate_limit``: too many calls; ``transient``: nothing is wrong with the credential."""


class ProviderProfile(msgspec.Struct, frozen=True, kw_only=True):
    """What an adapter learns of a profile; nothing in it is secret. ``provider`` is the canonical key, like ``openai``
    or ``custom:acme``; ``token_endpoint`` the one that was settled when the profile was made, empty where the
    adapter has one of its own; ``base_url`` where its API is, empty for the usual place."""

    provider: str
    issuer: str = ""
    client_id: str = ""
    client_auth: ClientAuth = "none"
    scopes: tuple[str, ...] = ()
    token_endpoint: str = ""
    base_url: str = ""


class OAuthMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """Where and how an issuer is asked (RFC 8414); an empty endpoint is one that it does not have.

    ``issuer``: what ``iss`` has to be (RFC 9207), empty where the issuer names none. ``iss_in_callback``: whether a
    redirect without ``iss`` is refused. ``authorize_parameters``: what the authorization request carries besides the
    standard's, like ``audience``. ``default_lifetime``: seconds that a token lives of which nobody says it.
    """

    authorization_endpoint: str = ""
    token_endpoint: str = ""
    revocation_endpoint: str = ""
    introspection_endpoint: str = ""
    device_authorization_endpoint: str = ""
    userinfo_endpoint: str = ""
    jwks_uri: str = ""
    issuer: str = ""
    iss_in_callback: bool = False
    default_scopes: tuple[str, ...] = ()
    authorize_parameters: Mapping[str, str] = {}
    default_lifetime: int = 3600


class OAuthGrant(msgspec.Struct, frozen=True, kw_only=True):
    """One login, for one call. The values are wiped after it; do not keep them."""

    profile: ProviderProfile
    metadata: OAuthMetadata
    access_token: SensitiveBytes | None = None
    refresh_token: SensitiveBytes | None = None
    client_secret: SensitiveBytes | None = None


class TokenReply(msgspec.Struct, frozen=True, kw_only=True):
    """What a token endpoint answered. ``expires_in`` is what it said, whatever that is: the kernel makes sense of it.
    ``refresh_token`` None: the old one stays. ``clock_skew``: seconds that the server's clock is ahead of ours, None if
    it did not say."""

    access_token: SensitiveBytes
    refresh_token: SensitiveBytes | None = None
    id_token: SensitiveBytes | None = None
    expires_in: object = None
    scopes: tuple[str, ...] | None = None
    clock_skew: float | None = None


class OAuthFailure(msgspec.Struct, frozen=True, kw_only=True):
    """Why there is no token, or no answer. ``code`` is the one of RFC 6749, section 5.2, or RFC 8628, or one of ours:
    ``network``, ``http_status``, ``invalid_response``, ``redirect_refused``, ``not_allowed``, ``not_configured``,
    ``unsupported``, and ``plugin_failed`` of an adapter that failed. ``sent``: whether the server may have acted on the
    request; say True unless it surely did not. ``retry_after_seconds``: what it asked for. No text of the server's is
    in it."""

    code: str
    kind: FailureKind = "refresh_failed"
    status: int = 0
    sent: bool = True
    retry_after_seconds: float | None = None


class ProviderResponse(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider answered to a call that was made with a credential: the status, the header fields with names in
    lower case, and the structured code of its error (``error.code`` or ``error.type``), never its text."""

    status: int
    headers: Mapping[str, str] = {}
    code: str = ""


class Preflight(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a try of a key. ``retry_after_seconds`` goes with ``rate_limited`` and ``unavailable``."""

    outcome: Literal["ok", "invalid_credential", "rate_limited", "unavailable", "unexpected"]
    status: int = 0
    retry_after_seconds: float | None = None


class OAuthRefreshAdapter(ABC):
    """One provider. It decides nothing, keeps nothing, and reaches the network through the client it is given alone:
    that one connects only to :attr:`hosts`, follows no redirect and shows no secret.

    Calls may come from several threads at once. The kernel turns an exception that is none of its own into a failure,
    without its text.
    """

    provider: ClassVar[str]
    """By which profiles name it: lower-case letters, digits and ``_``, starting with a letter."""

    hosts: ClassVar[tuple[str, ...]] = ()
    """Every host that may get a credential, as ``host`` or ``host:port``; empty: those of the profile's issuer."""

    @abstractmethod
    def metadata(self, profile: ProviderProfile, http: HttpClient, deadline: Deadline) -> OAuthMetadata:
        """Where the provider's endpoints are. Look them up with *http* only where they are not known; the kernel
        remembers the answer."""

    @abstractmethod
    def refresh(self, grant: OAuthGrant, http: HttpClient, deadline: Deadline) -> TokenReply | OAuthFailure:
        """Send ``grant.refresh_token`` once, never again by yourself: a token that rotates dies of the second time."""

    @abstractmethod
    def classify(self, response: ProviderResponse) -> FailureKind | None:
        """Why the call failed, from status and code; None if it did not, or if the credential has no part in it."""

    @abstractmethod
    def preflight(self, key: SensitiveBytes, http: HttpClient, deadline: Deadline) -> Preflight:
        """Try an API key with a call that costs nothing."""

    def revoke(self, grant: OAuthGrant, http: HttpClient, deadline: Deadline) -> OAuthFailure | None:
        """Revoke every token of *grant* at the issuer (RFC 7009); None if that is done. By default there is no way."""
        return OAuthFailure(code="unsupported", kind="config_missing", sent=False)

    def probe(
        self, grant: OAuthGrant, http: HttpClient, deadline: Deadline
    ) -> Literal["active", "inactive", "unknown"]:
        """Whether ``grant.access_token`` still works; nothing is spent by it. By default nobody can tell."""
        return "unknown"

    def headers(self, credential: SensitiveBytes, kind: CredentialType) -> Mapping[str, str | SensitiveBytes]:
        """The header fields that present *credential* to the provider's API. By default RFC 6750's."""
        return {"authorization": SensitiveBytes.adopt(bytearray(b"Bearer ") + credential.view())}

"""What a login asks an issuer besides what its adapter knows: the questions of the standards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from palyra_kernel.auth.issuers import Issuer
from palyra_kernel.auth.profile import OAuthLogin, Profile
from palyra_kernel.contracts.oauth import OAuthFailure, OAuthGrant, TokenReply
from palyra_kernel.errors import IntegrityError, InvalidInputError, UnavailableError
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.sensitive import SensitiveBytes

if TYPE_CHECKING:
    from palyra_kernel.net import HttpRequest


class DeviceReply(msgspec.Struct, frozen=True, kw_only=True):
    """What begins a login on another device (RFC 8628, 3.2). Times are in seconds."""

    device_code: str
    user_code: str
    verification_uri: str
    expires_in: int
    verification_uri_complete: str = ""
    interval: int | None = None

    def __repr__(self) -> str:
        return "<DeviceReply: redacted>"


class Peer:
    """Everything here is asked once: what a failure means is decided by the caller."""

    def __init__(self, issuer: Issuer) -> None:
        self.issuer = issuer

    def exchange(
        self,
        grant: OAuthGrant,
        *,
        code: SensitiveBytes,
        redirect_uri: str,
        verifier: SensitiveBytes,
        deadline: Deadline,
    ) -> TokenReply | OAuthFailure:
        """Tokens for an authorization code (RFC 6749, 4.1.3)."""
        from palyra_kernel.auth.grammar.requests import exchange_request

        request = exchange_request(grant, code=code, redirect_uri=redirect_uri, verifier=verifier)
        return self._tokens(request, deadline)

    def device_codes(self, grant: OAuthGrant, deadline: Deadline) -> DeviceReply | OAuthFailure:
        """Begin a login on another device (RFC 8628, 3.1)."""
        from palyra_kernel.auth.grammar.codes import INVALID_RESPONSE
        from palyra_kernel.auth.grammar.reply import failed
        from palyra_kernel.auth.grammar.requests import device_request
        from palyra_kernel.auth.grammar.sending import answer

        scopes = grant.profile.scopes
        request = device_request(grant.profile, grant.metadata, grant.client_secret, scopes=scopes)
        with self.issuer.http() as http:
            response = answer(http, request, deadline)
        if isinstance(response, OAuthFailure):
            return response
        with response:
            if response.status != 200:
                return failed(response)
            try:
                reply: DeviceReply = response.json(DeviceReply)
            except IntegrityError:
                return OAuthFailure(code=INVALID_RESPONSE, status=200)
            return reply

    def device_tokens(
        self, grant: OAuthGrant, code: SensitiveBytes, deadline: Deadline
    ) -> TokenReply | OAuthFailure:
        """Ask whether that login is over (RFC 8628, 3.4)."""
        from palyra_kernel.auth.grammar.requests import device_poll_request

        return self._tokens(device_poll_request(grant, code), deadline)

    def _tokens(self, request: HttpRequest, deadline: Deadline) -> TokenReply | OAuthFailure:
        from palyra_kernel.auth.grammar.reply import token_reply
        from palyra_kernel.auth.grammar.sending import answer

        with self.issuer.http() as http:
            response = answer(http, request, deadline)
        return response if isinstance(response, OAuthFailure) else token_reply(response)

    def keys(self, uri: str, deadline: Deadline) -> Any:
        """The parsed document at the issuer's ``jwks_uri``. Raises what the client raises, and
        :class:`UnavailableError` ``issuer_keys``."""
        from palyra_kernel.net import HttpRequest

        request = HttpRequest("GET", uri, headers={"accept": "application/json"})
        with self.issuer.http() as http, http.send(request, deadline=deadline) as response:
            if response.status != 200:
                raise UnavailableError(
                    "issuer_keys", f"the issuer does not show its keys (status {response.status})"
                )
            return response.json()


def grant_of(profile: Profile, client_secret: SensitiveBytes | None, **tokens: SensitiveBytes) -> OAuthGrant:
    """*profile* as its adapter sees it for one call."""
    login = profile.credential
    if not isinstance(login, OAuthLogin):
        raise InvalidInputError(
            "not_oauth", f"the profile {profile.id} is no login", hint="use --api-key-stdin"
        )
    return OAuthGrant(profile=profile.facts(), metadata=login.metadata, client_secret=client_secret, **tokens)

"""What is asked at each endpoint. The secrets in a request stay what they are: :class:`SensitiveBytes`.

Every function raises :class:`InvalidInputError` ``not_configured`` if a part is missing; nothing is sent here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from palyra_kernel.auth.grammar.client_auth import Value, client_auth
from palyra_kernel.contracts.oauth import OAuthGrant, OAuthMetadata, ProviderProfile
from palyra_kernel.errors import InvalidInputError
from palyra_kernel.net import HttpRequest
from palyra_kernel.net.messages import bearer
from palyra_kernel.values.sensitive import SensitiveBytes

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


def refresh_request(grant: OAuthGrant, scopes: Iterable[str] = ()) -> HttpRequest:
    """Present the refresh token (RFC 6749, 6). Without *scopes* the new token may do what the old one may; naming those
    that were once wished for, and not granted, would be ``invalid_scope``."""
    return _asking(
        grant.profile,
        grant.metadata.token_endpoint,
        grant.client_secret,
        {
            "grant_type": "refresh_token",
            "refresh_token": _there(grant.refresh_token, "refresh token"),
            **_scope(scopes),
        },
    )


def exchange_request(
    grant: OAuthGrant, *, code: SensitiveBytes, redirect_uri: str, verifier: SensitiveBytes
) -> HttpRequest:
    """Exchange the code of a callback, with PKCE (RFC 6749, 4.1.3; RFC 7636, 4.5)."""
    return _asking(
        grant.profile,
        grant.metadata.token_endpoint,
        grant.client_secret,
        {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        },
    )


def device_request(
    profile: ProviderProfile,
    metadata: OAuthMetadata,
    client_secret: SensitiveBytes | None = None,
    *,
    scopes: Iterable[str] = (),
) -> HttpRequest:
    """Begin a login on another device (RFC 8628, 3.1)."""
    return _asking(profile, metadata.device_authorization_endpoint, client_secret, _scope(scopes))


def device_poll_request(grant: OAuthGrant, device_code: SensitiveBytes) -> HttpRequest:
    """Ask whether that login is done (RFC 8628, 3.4)."""
    fields: dict[str, Value] = {"grant_type": DEVICE_GRANT, "device_code": device_code}
    return _asking(grant.profile, grant.metadata.token_endpoint, grant.client_secret, fields)


def revocation_request(grant: OAuthGrant, token: SensitiveBytes, hint: str) -> HttpRequest:
    """Revoke *token*, which is an ``access_token`` or a ``refresh_token`` (RFC 7009)."""
    fields: dict[str, Value] = {"token": token, "token_type_hint": hint}
    return _asking(grant.profile, grant.metadata.revocation_endpoint, grant.client_secret, fields)


def introspection_request(grant: OAuthGrant) -> HttpRequest:
    """Ask the issuer whether the access token is active (RFC 7662)."""
    fields: dict[str, Value] = {
        "token": _there(grant.access_token, "access token"),
        "token_type_hint": "access_token",
    }
    return _asking(grant.profile, grant.metadata.introspection_endpoint, grant.client_secret, fields)


def userinfo_request(grant: OAuthGrant) -> HttpRequest:
    """Use the access token where using it changes nothing (OpenID Connect Core, 5.3)."""
    token = bearer(_there(grant.access_token, "access token"))
    url = _endpoint(grant.metadata.userinfo_endpoint)
    return HttpRequest("GET", url, headers={"accept": "application/json", "authorization": token})


def _asking(
    profile: ProviderProfile, url: str, client_secret: SensitiveBytes | None, fields: Mapping[str, Value]
) -> HttpRequest:
    headers, credentials = client_auth(profile, client_secret)
    headers = {"accept": "application/json", **headers}
    return HttpRequest("POST", _endpoint(url), headers=headers, form={**fields, **credentials})


def _scope(scopes: Iterable[str]) -> dict[str, Value]:
    joined = " ".join(scopes)
    return {"scope": joined} if joined else {}


def _there(token: SensitiveBytes | None, what: str) -> SensitiveBytes:
    if token is None or not len(token):
        raise InvalidInputError("not_configured", f"there is no {what}", hint="log in again")
    return token


def _endpoint(url: str) -> str:
    if not url:
        raise InvalidInputError("not_configured", "the issuer has no endpoint for this")
    return url

"""What an issuer says of itself (RFC 8414, OpenID Connect Discovery 1.0), in two documents, if they are its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from palyra_kernel.contracts.oauth import OAuthMetadata
from palyra_kernel.errors import (
    DeniedError,
    IntegrityError,
    InvalidInputError,
    NotFoundError,
    UnavailableError,
)
from palyra_kernel.net import HttpRequest
from palyra_kernel.net.hosts import parse_url
from palyra_kernel.values.deadline import Deadline

if TYPE_CHECKING:
    from palyra_kernel.net import HttpClient

OAUTH = "/.well-known/oauth-authorization-server"
OPENID = "/.well-known/openid-configuration"


class _Document(msgspec.Struct):
    """What is read of either document; the rest is for others."""

    issuer: str
    authorization_endpoint: str | None = None
    token_endpoint: str | None = None
    revocation_endpoint: str | None = None
    introspection_endpoint: str | None = None
    device_authorization_endpoint: str | None = None
    userinfo_endpoint: str | None = None
    jwks_uri: str | None = None
    scopes_supported: list[str] | None = None
    code_challenge_methods_supported: list[str] | None = None
    authorization_response_iss_parameter_supported: bool | None = None


def addresses(issuer: str) -> tuple[str, str]:
    """Where the documents of *issuer* are: OAuth's, and OpenID's. Raises :class:`InvalidInputError` ``bad_issuer``, and
    ``bad_url``, ``bad_host`` for what is no address."""
    target = parse_url(issuer)
    if "?" in issuer:
        raise InvalidInputError("bad_issuer", "the address of an issuer has no query")
    path = target.resource.rstrip("/")
    base = f"{target.scheme}://{target.authority}"
    return f"{base}{OAUTH}{path}", f"{base}{path}{OPENID}"


def discovered(issuer: str, http: HttpClient, deadline: Deadline) -> OAuthMetadata:
    """The endpoints of *issuer*, by its own documents. What one of them leaves out, the other adds.

    A document counts if its ``issuer`` is *issuer*, character by character: else whoever can write one could take the
    logins of another. Raises :class:`InvalidInputError` ``bad_issuer``; :class:`NotFoundError` ``no_metadata``;
    :class:`IntegrityError` ``issuer_mismatch`` (a document of somebody else's), ``issuer_disagrees`` (two that name
    different endpoints), ``no_pkce``; :class:`UnavailableError` ``issuer_unavailable``, and what the client raises.
    """
    oauth, openid = (_read(url, http, deadline) for url in addresses(issuer))
    documents = [found for found in (oauth, openid) if found is not None]
    if not documents:
        raise NotFoundError(
            "no_metadata",
            "the issuer has neither of the two well-known documents",
            hint="check its address; it is the one that its tokens name, to the last slash",
        )
    for document in documents:
        _check(document, issuer)
    return _together(issuer, documents, openid=openid is not None)


def _check(document: _Document, issuer: str) -> None:
    if document.issuer != issuer:
        raise IntegrityError(
            "issuer_mismatch",
            "what was found at the issuer's address says it is of another issuer",
            hint="use the issuer's address exactly as its own documents write it",
        )
    methods = document.code_challenge_methods_supported
    if methods is not None and "S256" not in methods:
        raise IntegrityError("no_pkce", "the issuer does not support PKCE with S256: a login could be stolen")


def _together(issuer: str, documents: list[_Document], *, openid: bool) -> OAuthMetadata:
    def one(name: str) -> str:
        named = {found for each in documents if (found := getattr(each, name))}
        if len(named) > 1:
            raise IntegrityError("issuer_disagrees", f"the issuer's two documents differ in {name}")
        return named.pop() if named else ""

    scopes = {scope for each in documents for scope in each.scopes_supported or ()}
    wanted = [("openid", openid or "openid" in scopes), ("offline_access", "offline_access" in scopes)]
    return OAuthMetadata(
        authorization_endpoint=one("authorization_endpoint"),
        token_endpoint=one("token_endpoint"),
        revocation_endpoint=one("revocation_endpoint"),
        introspection_endpoint=one("introspection_endpoint"),
        device_authorization_endpoint=one("device_authorization_endpoint"),
        userinfo_endpoint=one("userinfo_endpoint"),
        jwks_uri=one("jwks_uri"),
        issuer=issuer,
        iss_in_callback=any(each.authorization_response_iss_parameter_supported for each in documents),
        default_scopes=tuple(scope for scope, fits in wanted if fits),
    )


def _read(url: str, http: HttpClient, deadline: Deadline) -> _Document | None:
    """The document at *url*; None if there is none: nothing, or what a site says of every address that it does not
    know, a page or a way elsewhere."""
    request = HttpRequest("GET", url, headers={"accept": "application/json"})
    try:
        with http.send(request, deadline=deadline) as answer:
            if answer.status == 429 or answer.status >= 500:
                raise UnavailableError(
                    "issuer_unavailable", f"the issuer answered {answer.status}: try again later"
                )
            document: _Document | None = answer.json(_Document) if answer.status == 200 else None
            return document
    except IntegrityError:
        return None
    except DeniedError as error:
        if error.code != "redirect_refused":
            raise
        return None

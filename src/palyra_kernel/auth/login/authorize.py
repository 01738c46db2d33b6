"""The authorization request: the address that a human opens to log in."""

from __future__ import annotations

import re
from urllib.parse import quote, urlencode

from palyra_kernel.auth.login.pkce import challenge
from palyra_kernel.auth.profile import OAuthLogin
from palyra_kernel.errors import InvalidInputError
from palyra_kernel.values.sensitive import SensitiveBytes

OPENID = "openid"
_OFFLINE = "offline_access"
_LOOPBACK = re.compile(r"http://(127\.0\.0\.1|\[::1\]|localhost)(:[0-9]{1,5})?(/|$)")
_PLAIN_URL = re.compile(r"https?://[A-Za-z0-9._~!$&'()*+,;=:@%/?\[\]-]{1,8000}")


def authorization_url(
    login: OAuthLogin, *, redirect_uri: str, state: str, verifier: SensitiveBytes, nonce: SensitiveBytes
) -> str:
    """Where a human goes for *login* (RFC 6749, 4.1.1). The state in it is a secret: show the address to whoever logs
    in, and keep it nowhere.

    PKCE is always part of it; the nonce if an id_token comes (OpenID Connect). Scopes go as they were given. What the
    issuer wants besides cannot take the place of any of that. Raises :class:`InvalidInputError`
    ``no_authorization_endpoint``, ``bad_url``, ``bad_redirect_uri``, ``client_id_missing``, ``reserved_parameter``.
    """
    endpoint = checked_url(login.metadata.authorization_endpoint, "no_authorization_endpoint")
    check_redirect_uri(redirect_uri)
    if not login.client_id:
        raise InvalidInputError("client_id_missing", "a login needs the client id that the issuer knows")
    ours = {
        "response_type": "code",
        "client_id": login.client_id,
        "redirect_uri": redirect_uri,
        "state": state,
        "code_challenge": challenge(verifier),
        "code_challenge_method": "S256",
    }
    if login.scopes:
        ours["scope"] = " ".join(login.scopes)
    if OPENID in login.scopes:
        ours["nonce"] = nonce.reveal().decode()
    wanted = dict(login.metadata.authorize_parameters)
    if {OPENID, _OFFLINE} <= set(login.scopes):
        wanted.setdefault("prompt", "consent")  # without it no refresh token (OpenID Connect Core, 11)
    if clash := sorted(wanted.keys() & (ours.keys() | {"nonce", "scope", "request", "request_uri"})):
        raise InvalidInputError("reserved_parameter", f"{clash[0]} is said by the kernel alone")
    return endpoint + ("&" if "?" in endpoint else "?") + urlencode(ours | wanted, quote_via=quote)


def checked_url(url: str, missing: str) -> str:
    """*url*, if a human may be sent there: https, or http on this machine. Raises :class:`InvalidInputError`
    *missing*, ``bad_url``."""
    if not url:
        raise InvalidInputError(
            missing, "the issuer has no such endpoint", hint="try the other way: --device"
        )
    if not _PLAIN_URL.fullmatch(url) or not (url.startswith("https://") or _LOOPBACK.match(url)):
        raise InvalidInputError("bad_url", "the issuer names an address that nobody should be sent to")
    if "@" in url.split("/", 3)[2].partition("?")[0]:
        raise InvalidInputError("bad_url", "the issuer names an address with a user name in it")
    return url


def check_redirect_uri(uri: str) -> None:
    """Refuse what the code must not be sent to. Raises :class:`InvalidInputError` ``bad_redirect_uri``."""
    plain = _PLAIN_URL.fullmatch(uri) and "?" not in uri and "@" not in uri
    if not plain or not (uri.startswith("https://") or _LOOPBACK.match(uri)):
        raise InvalidInputError(
            "bad_redirect_uri",
            "a redirect goes to https, or to http on this machine, without a query",
            hint="http://127.0.0.1:PORT/PATH",
        )

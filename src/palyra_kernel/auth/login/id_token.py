"""An id_token, believed only where OpenID Connect Core 1.0, section 3.1.3.7, lets one. Nothing of it is kept."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from palyra_kernel.auth.profile import OAuthLogin
from palyra_kernel.errors import IntegrityError
from palyra_kernel.values.sensitive import SensitiveBytes

SIGNATURES = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA", "Ed25519"),
)
"""Signatures by a key of the issuer's alone: ``none`` is no signature, and who can check an ``HS256`` can make one."""
LEEWAY_SECONDS = 60
"""By how much the clocks of issuer and vault may differ."""
_MAX_KEYS = 32
_MAX_BYTES = 16_384
_KINDS = frozenset(("RSA", "EC", "OKP"))

JwkSet = Callable[[], Any]
"""Gives the parsed document at the issuer's ``jwks_uri``."""


def check_id_token(
    token: SensitiveBytes | None,
    login: OAuthLogin,
    keys: JwkSet,
    *,
    nonce: SensitiveBytes | None,
    now_seconds: float,
) -> None:
    """Refuse *token* unless the issuer signed it, for us, for this login (*nonce*; None: it had none), and it is
    still good.

    An issuer without ``jwks_uri`` is believed because of TLS alone, which OpenID Connect allows for what its token
    endpoint answers. Raises :class:`IntegrityError` ``id_token_missing``, ``id_token_malformed``,
    ``id_token_signature``, ``id_token_issuer``, ``id_token_audience``, ``id_token_expired``, ``id_token_nonce``; none
    of them quotes it.
    """
    if token is None:
        raise _refused("missing", "the issuer sent no id_token, though openid was asked for")
    if len(token) > _MAX_BYTES:
        raise _refused("malformed", f"the id_token has more than {_MAX_BYTES} bytes")
    header, claims = _parts(token)
    algorithm = header.get("alg")
    if algorithm not in SIGNATURES:
        raise _refused("signature", "the id_token has no signature that proves who made it")
    if login.metadata.jwks_uri and not _signed(token, _candidates(keys(), header), algorithm):
        raise _refused("signature", "the id_token is signed by none of the issuer's keys")
    _check_claims(claims, login, nonce, now_seconds)


def _parts(token: SensitiveBytes) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Header and claims, not yet believed."""
    import msgspec

    pieces = token.reveal().split(b".")
    try:
        if len(pieces) != 3:
            raise ValueError
        header, claims = (msgspec.json.decode(_unpadded(piece)) for piece in pieces[:2])
    except (ValueError, RecursionError):
        header = claims = None
    if not isinstance(header, dict) or not isinstance(claims, dict) or "crit" in header:
        raise _refused("malformed", "what the issuer sent as id_token is none")
    return header, claims


def _unpadded(piece: bytes) -> bytes:
    from base64 import b64decode

    return b64decode(piece + b"=" * (-len(piece) % 4), altchars=b"-_", validate=True)


def _candidates(document: Any, header: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The keys that may have signed it: public ones, meant for signatures, of the named id if one is named."""
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise _refused("signature", "the issuer does not say which keys it signs with")
    return [
        key
        for key in listed[:_MAX_KEYS]
        if isinstance(key, dict)
        and key.get("kty") in _KINDS
        and key.get("use", "sig") == "sig"
        and key.get("alg", header["alg"]) == header["alg"]
        and (header.get("kid") is None or key.get("kid") == header["kid"])
    ]


def _signed(token: SensitiveBytes, keys: Iterable[Mapping[str, Any]], algorithm: str) -> bool:
    return any(_signed_by(token, key, algorithm) for key in keys)


def _signed_by(token: SensitiveBytes, key: Mapping[str, Any], algorithm: str) -> bool:
    import warnings

    from joserfc import jwk, jws
    from joserfc.errors import JoseError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that a later standard writes otherwise
        try:
            imported = jwk.import_key(dict(key))
            jws.deserialize_compact(token.reveal(), imported, algorithms=[algorithm])
        except (JoseError, ValueError, TypeError, KeyError):
            return False
    return True


def _check_claims(
    claims: Mapping[str, Any], login: OAuthLogin, nonce: SensitiveBytes | None, now: float
) -> None:
    if login.metadata.issuer and claims.get("iss") != login.metadata.issuer:
        raise _refused("issuer", "the id_token is of another issuer")
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    party = claims.get("azp", None if len(audiences) > 1 else login.client_id)
    if login.client_id not in audiences or party != login.client_id:
        raise _refused("audience", "the id_token is for another client")
    expires, issued, begins = (_seconds(claims.get(name)) for name in ("exp", "iat", "nbf"))
    if expires is None or issued is None or now >= expires + LEEWAY_SECONDS:
        raise _refused("expired", "the id_token is too old")
    if max(issued, begins or 0.0) > now + LEEWAY_SECONDS or (begins is None and "nbf" in claims):
        raise _refused(
            "expired",
            "the id_token is from the future",
            hint="compare this machine's clock with the issuer's",
        )
    if nonce is not None:
        said = claims.get("nonce")
        if not isinstance(said, str) or not hmac.compare_digest(said.encode(), nonce.view()):
            raise _refused("nonce", "the id_token is of another login")


def _seconds(value: object) -> float | None:
    """A time as JWT writes it (RFC 7519, 2); None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e12:
        return None
    return float(value)


def _refused(code: str, message: str, hint: str | None = None) -> IntegrityError:
    return IntegrityError(f"id_token_{code}", message, hint=hint or "nothing was stored; log in again")

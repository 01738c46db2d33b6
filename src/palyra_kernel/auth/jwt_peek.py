"""What an access token says of its own end, if it is a JWT. Nothing is verified: the token came from its issuer by TLS,
and nothing but the time of the next refresh depends on it."""

from __future__ import annotations

import binascii

import msgspec

from palyra_kernel.values.decoding import decode_json
from palyra_kernel.values.sensitive import SensitiveBytes

_FROM_URL = bytes.maketrans(b"-_", b"+/")
_LATEST = 10**12
"""Seconds since 1970: whoever says more has not said seconds."""


class _Claims(msgspec.Struct):
    exp: int | float | None = None


def claimed_end(token: SensitiveBytes) -> int | None:
    """The claim ``exp`` of *token* (RFC 7519), in seconds since 1970 by the issuer's clock; None if it makes none."""
    parts = token.reveal().split(b".")
    if len(parts) != 3:
        return None
    try:
        claims = decode_json(_from_base64url(parts[1]), _Claims)
    except (msgspec.DecodeError, UnicodeError, binascii.Error, RecursionError):
        return None
    end = claims.exp
    return int(end) if end is not None and 0 < end < _LATEST else None


def _from_base64url(part: bytes) -> bytes:
    return binascii.a2b_base64(part.translate(_FROM_URL) + b"=" * (-len(part) % 4))

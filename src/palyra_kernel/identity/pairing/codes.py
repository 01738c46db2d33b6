"""Codes that a device is paired with: what they look like, and how their secrets are drawn.

``7-271-828``: a public id, then six digits. Or the same id with 128 random bits in a URI, for a camera, together with
where the gateway is and which root it has. The id finds the record; the secret takes part in an exchange and never
travels.
"""

from __future__ import annotations

import os
import re
from base64 import b32decode, b32encode
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from palyra_kernel.errors import InvalidInputError
from palyra_kernel.identity.pairing.messages import Method

PIN_DIGITS = 6
SECRET_BYTES = 16
MIN_TTL_MS = 30_000
USUAL_TTL_MS = 600_000
MAX_TTL_MS = 86_400_000
MAX_URI_BYTES = 512

_PINS = 10**PIN_DIGITS
_DRAWN = 3
_FAIR = 2 ** (8 * _DRAWN) // _PINS * _PINS
"""Numbers from here on would make some PINs likelier than others: another one is drawn."""
_PIN_CODE = re.compile(r"([1-9][0-9]{0,5})-([0-9]{3})-([0-9]{3})")
_ID = re.compile(r"[1-9][0-9]{0,5}")
_BEGIN = "palyra-pair:1?"
_FIELDS = ("code", "secret", "gateway", "ca", "expires")


class Scanned(NamedTuple):
    """What a device is told beforehand, out of band. For a PIN, the last three are unknown."""

    method: Method
    id: str
    secret: bytes
    gateway: str = ""
    ca_hash: bytes | None = None
    expires_ms: int | None = None

    def __repr__(self) -> str:
        return f"<code {self.id} ({self.method}): redacted>"


def new_pin(entropy: Callable[[int], bytes] = os.urandom) -> bytes:
    """Six random digits, each of the million as likely as any other."""
    while (number := int.from_bytes(entropy(_DRAWN), "big")) >= _FAIR:
        pass
    return b"%06d" % (number % _PINS)


def new_secret(entropy: Callable[[int], bytes] = os.urandom) -> bytes:
    """128 random bits, as 26 characters of base32."""
    return b32encode(entropy(SECRET_BYTES)).rstrip(b"=")


def clamped_ttl_ms(wanted: int | None) -> int:
    """How long a code is good: what was *wanted*, within 30 s and 24 h; 10 minutes if nothing was."""
    return USUAL_TTL_MS if wanted is None else min(max(wanted, MIN_TTL_MS), MAX_TTL_MS)


def pin_text(id: str, pin: bytes) -> str:
    """A PIN code as it is read out."""
    digits = pin.decode()
    return f"{id}-{digits[:3]}-{digits[3:]}"


def parse_pin(text: object) -> Scanned:
    """What somebody typed. Raises :class:`InvalidInputError` ``invalid_code``, which shows nothing of it."""
    match = _PIN_CODE.fullmatch(text.strip()) if isinstance(text, str) and text.isascii() else None
    if match is None:
        raise _invalid("a code looks like 7-271-828")
    return Scanned("pin", match[1], (match[2] + match[3]).encode())


def qr_uri(id: str, secret: bytes, gateway: str, ca_hash: bytes, expires_ms: int) -> str:
    """The URI for a camera. *gateway*: ``https://host[:port]``; *ca_hash*: SHA-256 of its root's public key field."""
    _check_address(gateway)
    values = (id, secret.decode(), gateway, ca_hash.hex(), str(expires_ms))
    return _BEGIN + urlencode(dict(zip(_FIELDS, values, strict=True)), quote_via=quote, safe=":/[]")


def parse_qr(text: object) -> Scanned:
    """What a camera saw, in the one spelling that it has. Raises :class:`InvalidInputError` ``invalid_code``."""
    if not isinstance(text, str) or len(text) > MAX_URI_BYTES or not text.startswith(_BEGIN):
        raise _invalid("this is not a pairing code, or one of a newer version")
    try:
        pairs = parse_qsl(text.removeprefix(_BEGIN), strict_parsing=True, max_num_fields=len(_FIELDS))
        if tuple(name for name, _ in pairs) != _FIELDS:
            raise ValueError
        code, secret, gateway, ca, expires = (value for _, value in pairs)
        padding = -len(secret) % 8 * "="
        if not _ID.fullmatch(code) or len(b32decode(secret + padding)) != SECRET_BYTES or len(ca) != 64:
            raise ValueError
        scanned = Scanned("qr", code, secret.encode(), gateway, bytes.fromhex(ca), int(expires))
        again = qr_uri(code, scanned.secret, gateway, bytes.fromhex(ca), int(expires))
    except (ValueError, InvalidInputError):
        raise _invalid("the pairing code is damaged") from None
    if again != text:
        raise _invalid("the pairing code is damaged")
    return scanned


def _check_address(gateway: str) -> None:
    parts = urlsplit(gateway)
    port = parts.port  # raises ValueError
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    plain = f"https://{host}" + ("" if port is None else f":{port}")
    if not host or gateway != plain or not gateway.isascii() or len(gateway) > 300:
        raise InvalidInputError("invalid_gateway", "the address of a gateway is https://host[:port]")


def _invalid(message: str) -> InvalidInputError:
    return InvalidInputError("invalid_code", message, hint="get another one: palyra pairing code")

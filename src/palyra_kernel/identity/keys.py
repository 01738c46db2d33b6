"""Public keys of devices, taken strictly: one encoding a key, and none under which everybody can sign or agree.

The library takes all of these, and verifies forged signatures under the weak ones, so they are refused before it is
asked. The weak points are those that libsodium refuses too (``has_small_order`` of its Ed25519 and its X25519).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NewType

from palyra_kernel.errors import DeniedError, InvalidInputError
from palyra_kernel.values.digest import sha256

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

KEY_BYTES = 32
SIGNATURE_BYTES = 64

IdentityPrint = NewType("IdentityPrint", str)
"""Of an identity key: SHA-256 of the 32 bytes, 64 lower-case hexadecimal digits. Shown to people."""

CertificatePrint = NewType("CertificatePrint", str)
"""Of a certificate: SHA-256 of its DER, written the same. Never the fingerprint of a key."""

_PRIME = 2**255 - 19
_SIGN = 2**255
_ORDER_EIGHT = int.from_bytes(
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"
)
_SMALL_ORDER_Y = frozenset((0, 1, _PRIME - 1, _ORDER_EIGHT, _PRIME - _ORDER_EIGHT))
"""The y of the eight points whose order divides 8. With either sign: where x is 0, one of the two is not canonical."""

_LOW_ORDER_U = frozenset(
    (
        *(0, 1, _PRIME - 1),
        int.from_bytes(
            bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"), "little"
        ),
        int.from_bytes(
            bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"), "little"
        ),
    )
)
"""The canonical u of the points of curve and twist with which every agreement gives zero."""


def identity_key(raw: object) -> bytes:
    """*raw*, if it is an Ed25519 public key (RFC 8032) that a device may have: 32 bytes, canonical, not of small order.

    Raises :class:`InvalidInputError` ``invalid_identity_key``, ``weak_identity_key``.
    """
    key = _sized(raw, "identity")
    y = int.from_bytes(key, "little") % _SIGN
    if y % _PRIME in _SMALL_ORDER_Y:
        raise InvalidInputError("weak_identity_key", "anybody can sign for this identity key")
    if y >= _PRIME:
        raise InvalidInputError("invalid_identity_key", "the identity key is not in its canonical form")
    return key


def agreement_key(raw: object) -> bytes:
    """*raw*, if it is an X25519 public key (RFC 7748): 32 bytes, canonical, not of low order.

    Raises :class:`InvalidInputError` ``invalid_agreement_key``, ``weak_agreement_key``.
    """
    key = _sized(raw, "agreement")
    u = int.from_bytes(key, "little")
    if u % _SIGN % _PRIME in _LOW_ORDER_U:
        raise InvalidInputError("weak_agreement_key", "everybody knows what this key agrees on")
    if u >= _PRIME:
        raise InvalidInputError("invalid_agreement_key", "the agreement key is not in its canonical form")
    return key


def _sized(raw: object, what: str) -> bytes:
    if not isinstance(raw, bytes) or len(raw) != KEY_BYTES:
        raise InvalidInputError(f"invalid_{what}_key", f"an {what} key has {KEY_BYTES} bytes")
    return raw


def check_signature(key: bytes, signature: bytes, message: bytes) -> None:
    """Raise :class:`DeniedError` ``signature_invalid`` unless the owner of the identity key *key* signed *message*.

    Raises :class:`InvalidInputError` as :func:`identity_key` does, before anything is verified.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    strict = identity_key(key)
    try:
        if len(signature) != SIGNATURE_BYTES:
            raise InvalidSignature
        Ed25519PublicKey.from_public_bytes(strict).verify(signature, message)
    except (InvalidSignature, ValueError):
        raise DeniedError("signature_invalid", "the identity key did not sign this") from None


def agree(own: X25519PrivateKey, other: bytes) -> bytes:
    """What *own* and the public key *other* agree on, 32 bytes: input to a key derivation, never a key.

    Raises :class:`InvalidInputError` as :func:`agreement_key` does; an agreement of zeros is ``weak_agreement_key``.
    """
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

    strict = agreement_key(other)
    try:
        return own.exchange(X25519PublicKey.from_public_bytes(strict))
    except ValueError:
        raise InvalidInputError("weak_agreement_key", "the two keys agree on nothing secret") from None


def identity_print(key: bytes) -> IdentityPrint:
    """The fingerprint of an identity key. Raises as :func:`identity_key` does."""
    return IdentityPrint(sha256(identity_key(key)).hex())


def certificate_print(der: bytes) -> CertificatePrint:
    """The fingerprint of the certificate *der*."""
    return CertificatePrint(sha256(der).hex())

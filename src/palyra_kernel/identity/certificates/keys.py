"""P-256 keys: the only ones in a certificate. Ed25519 leaves fail in gRPC and in browsers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from palyra_kernel.errors import IntegrityError
from palyra_kernel.values.digest import sha256
from palyra_kernel.values.sensitive import SensitiveBytes

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
    from cryptography.x509 import Certificate

_ID_DIGITS = 32


def new_key() -> EllipticCurvePrivateKey:
    """A key that nobody had before."""
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(ec.SECP256R1())


def spki_hash(key: EllipticCurvePublicKey) -> bytes:
    """SHA-256 of the SubjectPublicKeyInfo in DER: what a key is called where it is compared."""
    from cryptography.hazmat.primitives import serialization as form

    return sha256(key.public_bytes(form.Encoding.DER, form.PublicFormat.SubjectPublicKeyInfo))


def key_id(key: EllipticCurvePublicKey) -> str:
    """The first 128 bits of :func:`spki_hash`, in hexadecimal digits: what a key is called in records."""
    return spki_hash(key).hex()[:_ID_DIGITS]


def is_p256(key: object) -> bool:
    """Whether *key* is a public key on P-256, named as such."""
    from cryptography.hazmat.primitives.asymmetric import ec

    return isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)


def public_key(certificate: Certificate) -> EllipticCurvePublicKey:
    """The key of a certificate of ours. Raises :class:`IntegrityError` ``certificate_damaged``."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not is_p256(key) or not isinstance(key, ec.EllipticCurvePublicKey):
        raise IntegrityError("certificate_damaged", "a certificate of this vault has no P-256 key")
    return key


def parsed(der: bytes) -> Certificate:
    """A certificate out of a record of ours. Raises :class:`IntegrityError` ``certificate_damaged``."""
    from cryptography import x509

    try:
        return x509.load_der_x509_certificate(der)
    except (ValueError, x509.InvalidVersion):
        raise IntegrityError("certificate_damaged", "a certificate of this vault is damaged") from None


def packed(key: EllipticCurvePrivateKey) -> SensitiveBytes:
    """*key* as PKCS #8 in DER, for the vault. The library hands it over as ``bytes``, which nothing can erase."""
    from cryptography.hazmat.primitives import serialization as form

    return SensitiveBytes(key.private_bytes(form.Encoding.DER, form.PrivateFormat.PKCS8, form.NoEncryption()))


def unpacked(secret: SensitiveBytes) -> EllipticCurvePrivateKey:
    """The key in *secret*. Raises :class:`IntegrityError` ``key_damaged``."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        key = form.load_der_private_key(secret.view(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise IntegrityError("key_damaged", "a private key of this vault is no P-256 key")
    return key

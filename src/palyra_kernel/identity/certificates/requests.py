"""Certificate signing requests (PKCS #10, RFC 2986): a key, and the proof that who asks has its private half."""

from __future__ import annotations

from typing import TYPE_CHECKING

from palyra_kernel.errors import InvalidInputError
from palyra_kernel.identity.certificates.keys import is_p256

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
    from cryptography.x509 import CertificateSigningRequest

MAX_BYTES = 2048
"""A request for a P-256 key has about 200."""


def requested_key(request: bytes) -> EllipticCurvePublicKey:
    """The key that the DER *request* asks a certificate for.

    Nothing else of it counts: who somebody is does not follow from what they write as their subject. A request that
    asks for anything, by an attribute, is refused: it would not get it. Raises :class:`InvalidInputError`
    ``invalid_csr``: no DER, over 2,048 bytes, a key not on P-256, a signature that is not its own or not
    ECDSA with SHA-256, attributes.
    """
    if not isinstance(request, bytes) or not 0 < len(request) <= MAX_BYTES:
        raise _invalid(f"it has 1 to {MAX_BYTES} bytes of DER")
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        parsed = x509.load_der_x509_csr(request)
        return _checked(parsed)
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion):
        # From the parser of the library, in parts when they are looked at.
        raise _invalid("it is not well-formed") from None


def _checked(request: CertificateSigningRequest) -> EllipticCurvePublicKey:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import SignatureAlgorithmOID

    key = request.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or not is_p256(key):
        raise _invalid("its key is not on the curve P-256")
    if request.signature_algorithm_oid != SignatureAlgorithmOID.ECDSA_WITH_SHA256:
        raise _invalid("it is not signed by ECDSA with SHA-256")
    if len(request.attributes):
        raise _invalid("it asks for more than a certificate of its key")
    if not request.is_signature_valid:
        raise _invalid("it is not signed by its own key")
    return key


def request_for(key: EllipticCurvePrivateKey) -> bytes:
    """A request for *key*, in DER, as a device makes it: no subject, no attributes."""
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding

    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return builder.sign(key, SHA256()).public_bytes(Encoding.DER)


def _invalid(message: str) -> InvalidInputError:
    return InvalidInputError("invalid_csr", f"this certificate signing request is refused: {message}")

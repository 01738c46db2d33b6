"""What all profiles have in common: names, key identifiers, usages, serial numbers, the signature."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from palyra_kernel.identity.certificates.keys import key_id, public_key
from palyra_kernel.identity.certificates.times import BACKDATED_MS, SECOND
from palyra_kernel.values.digest import sha256
from palyra_kernel.values.ids import to_datetime

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
    from cryptography.x509 import Certificate, CertificateBuilder, Name, SubjectKeyIdentifier

_SERIAL_BYTES = 16
_KEY_IDENTIFIER_BYTES = 20


class Signer(NamedTuple):
    """A CA certificate and its private key, which match."""

    certificate: Certificate
    key: EllipticCurvePrivateKey


def new_serial() -> int:
    """128 random bits, never 0 (RFC 5280, 4.1.2.2)."""
    while True:
        if serial := int.from_bytes(os.urandom(_SERIAL_BYTES), "big"):
            return serial


def begun(
    key: EllipticCurvePublicKey, subject: Name, issuer: Name, now_ms: int, end: int
) -> CertificateBuilder:
    """A certificate from 5 minutes ago to *end*, with its serial number and key identifier."""
    from cryptography import x509

    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    builder = builder.serial_number(new_serial()).add_extension(identifier(key), critical=False)
    begin = (now_ms - BACKDATED_MS) // SECOND * SECOND
    return builder.not_valid_before(to_datetime(begin)).not_valid_after(to_datetime(end // SECOND * SECOND))


def ca(builder: CertificateBuilder, depth: int) -> CertificateBuilder:
    """It may sign certificates and revocation lists; *depth* CAs may follow."""
    from cryptography import x509

    return builder.add_extension(x509.BasicConstraints(True, depth), critical=True).add_extension(
        usage("key_cert_sign", "crl_sign"), critical=True
    )


def usage(*used: str) -> x509.KeyUsage:
    """The extension for what is *used*, and nothing else."""
    from cryptography import x509

    uses = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment")
    more = ("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    return x509.KeyUsage(**{use: use in used for use in (*uses, *more)})


def ca_name(role: str, key: EllipticCurvePublicKey) -> Name:
    """No two CAs share a name: who builds a chain finds one issuer and not several."""
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Palyra {role} {key_id(key)}")])


def identifier(key: EllipticCurvePublicKey) -> SubjectKeyIdentifier:
    """RFC 7093, section 2, method 1: the first 160 bits of a SHA-256 of the bare key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization as form

    point = key.public_bytes(form.Encoding.X962, form.PublicFormat.UncompressedPoint)
    return x509.SubjectKeyIdentifier(sha256(point)[:_KEY_IDENTIFIER_BYTES])


def authority(by: Signer) -> tuple[x509.AuthorityKeyIdentifier, bool]:
    """The extension that names the key of *by*; strict verifiers want it in all but a root."""
    from cryptography import x509

    named = identifier(public_key(by.certificate))
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(named), False


def signed(builder: CertificateBuilder, key: EllipticCurvePrivateKey) -> Certificate:
    """The finished certificate."""
    from cryptography.hazmat.primitives.hashes import SHA256

    return builder.sign(key, SHA256())

"""The list of revocations for others: one signed CRL (RFC 5280, section 5) for each issuing CA.

The kernel itself never relies on it: it asks for the fingerprint of every certificate, every time. Whoever does rely on
it refuses every client of a CA whose CRL is missing or has expired, so it is signed anew long before that.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from palyra_kernel.errors import InvalidInputError
from palyra_kernel.identity.revocations import Cause, Entry
from palyra_kernel.values.ids import to_datetime

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

LIFE_MS = 24 * 3_600_000
_SKEW_MS = 5 * 60_000
_SECONDS_BITS = 40
_REASONS: dict[Cause, str] = {
    "revoked": "privilege_withdrawn",
    "removed": "cessation_of_operation",
    "key_replaced": "superseded",
    "superseded": "superseded",
}


class SignedCrl(msgspec.Struct, frozen=True, kw_only=True):
    """The CRL *der* of the CA with the key id *issuer*, as of the list with *number*; milliseconds since 1970."""

    issuer: str
    der: bytes
    number: int
    signed_at_ms: int
    next_update_ms: int

    def due(self, number: int, now_ms: int) -> bool:
        """Whether it must be signed anew: the list has another *number* now, half of its time is over, or the clock
        was set back behind it."""
        half = (self.next_update_ms - self.signed_at_ms) // 2
        return number != self.number or not 0 <= now_ms - self.signed_at_ms < half


def sign_crl(
    authority: x509.Certificate,
    key: EllipticCurvePrivateKey,
    entries: Iterable[Entry],
    *,
    number: int,
    now_ms: int,
    life_ms: int = LIFE_MS,
) -> SignedCrl:
    """The CRL of the issuing CA *authority*, whose key is *key*: those of *entries* that it issued and that have not
    expired. *number*: of the list. Of two CRLs the one that was signed later has the greater CRL number.

    Raises :class:`InvalidInputError` ``invalid_authority`` if *key* is not that of *authority*, or it has no key id.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256

    issuer = _key_id(authority, key)
    crl_number = number << _SECONDS_BITS | now_ms // 1000
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.subject)
        .last_update(_seconds(now_ms - _SKEW_MS))
        .next_update(_seconds(now_ms + life_ms))
        .add_extension(x509.CRLNumber(crl_number), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier(bytes.fromhex(issuer), None, None), critical=False)
    )
    for entry in entries:
        leaf = entry.leaf
        if leaf is None or leaf.issuer != issuer or leaf.over(now_ms):
            continue
        line = (
            x509.RevokedCertificateBuilder()
            .serial_number(int(leaf.serial, 16))
            .revocation_date(_seconds(entry.at_ms))
            .add_extension(x509.CRLReason(x509.ReasonFlags[_REASONS[entry.cause]]), critical=False)
        )
        builder = builder.add_revoked_certificate(line.build())
    signed = builder.sign(key, SHA256())
    return SignedCrl(
        issuer=issuer,
        der=_der(signed),
        number=number,
        signed_at_ms=now_ms,
        next_update_ms=now_ms + life_ms,
    )


def _key_id(authority: x509.Certificate, key: EllipticCurvePrivateKey) -> str:
    from cryptography import x509

    try:
        found = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        found = b""
    if not found or authority.public_key() != key.public_key():
        raise InvalidInputError("invalid_authority", "this key is not the key of this certificate authority")
    return found.hex()


def _der(crl: x509.CertificateRevocationList) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return crl.public_bytes(Encoding.DER)


def _seconds(ms: int) -> datetime:
    """X.509 has no fractions of a second."""
    return to_datetime(ms // 1000 * 1000)

"""What must be known of a device's certificate after it was handed out."""

from __future__ import annotations

import re
from typing import Self

import msgspec

from palyra_kernel.errors import InvalidInputError
from palyra_kernel.identity.keys import CertificatePrint, certificate_print

_PRINT = re.compile("[0-9a-f]{64}")
_BYTES = re.compile("(?:[0-9a-f]{2}){1,32}")


class Leaf(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``fingerprint``: of the certificate. ``serial``: hexadecimal. ``issuer``: the key id of the issuing CA, its SKI,
    hexadecimal. The times are milliseconds since 1970."""

    fingerprint: str
    serial: str
    issuer: str
    not_before_ms: int
    not_after_ms: int

    def __post_init__(self) -> None:
        if not (
            _PRINT.fullmatch(self.fingerprint)
            and _BYTES.fullmatch(self.serial)
            and _BYTES.fullmatch(self.issuer)
            and 0 <= self.not_before_ms < self.not_after_ms
        ):
            raise _invalid()

    @property
    def print(self) -> CertificatePrint:
        """The fingerprint, as what it is."""
        return CertificatePrint(self.fingerprint)

    def over(self, now_ms: int) -> bool:
        """Whether it has expired. Its last millisecond counts as valid, as in RFC 5280, 4.1.2.5."""
        return now_ms > self.not_after_ms

    @classmethod
    def of(cls, der: bytes) -> Self:
        """What the certificate *der* says. Raises :class:`InvalidInputError` ``invalid_certificate``."""
        from cryptography import x509

        try:
            certificate = x509.load_der_x509_certificate(der)
            keyed = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
            issuer = keyed.key_identifier
        except (ValueError, x509.ExtensionNotFound):
            issuer = None
            certificate = None
        if certificate is None or issuer is None:
            raise _invalid()
        serial = f"{certificate.serial_number:x}"
        return cls(
            fingerprint=certificate_print(der),
            serial=serial.zfill(len(serial) + len(serial) % 2),
            issuer=issuer.hex(),
            not_before_ms=int(certificate.not_valid_before_utc.timestamp() * 1000),
            not_after_ms=int(certificate.not_valid_after_utc.timestamp() * 1000),
        )


def _invalid() -> InvalidInputError:
    return InvalidInputError("invalid_certificate", "this is not a certificate of a device")

"""The four certificates of this house: root, issuing CA, and what devices and servers show (RFC 5280)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from palyra_kernel.errors import InvalidInputError
from palyra_kernel.identity.certificates.building import (
    Signer,
    authority,
    begun,
    ca,
    ca_name,
    signed,
    usage,
)
from palyra_kernel.identity.certificates.times import DAY, MINUTE, check_now, end_ms
from palyra_kernel.identity.names import device_uri

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
    from cryptography.x509 import Certificate, CertificateBuilder, Name, ObjectIdentifier

    from palyra_kernel.identity.certificates.hosts import Hosts

ROOT_MS = 3650 * DAY
ISSUING_MS = 42 * DAY
LEAF_MS = DAY
SHORTEST_LEAF_MS = MINUTE

_FINGERPRINT = re.compile("[0-9a-f]{64}")


def root(key: EllipticCurvePrivateKey, now_ms: int) -> Certificate:
    """The certificate of a root, signed by itself: ten years, one issuing CA deep."""
    subject = ca_name("root CA", key.public_key())
    builder = ca(begun(key.public_key(), subject, subject, now_ms, now_ms + ROOT_MS), depth=1)
    return signed(builder, key)


def issuing(key: EllipticCurvePublicKey, by: Signer, now_ms: int) -> Certificate:
    """The certificate of an issuing CA: 42 days, for leaves alone. Raises :class:`UnavailableError` ``ca_expired``,
    ``clock_behind``."""
    check_now(by.certificate, now_ms)
    end = min(now_ms + ISSUING_MS, end_ms(by.certificate))
    builder = begun(key, ca_name("issuing CA", key), by.certificate.subject, now_ms, end)
    return signed(ca(builder, depth=0).add_extension(*authority(by)), by.key)


def device_leaf(
    key: EllipticCurvePublicKey,
    by: Signer,
    *,
    domain: str,
    device: str,
    identity: str,
    now_ms: int,
    life_ms: int = LEAF_MS,
) -> Certificate:
    """The certificate of *device*: its SPIFFE id is the only name in it. *identity* is the fingerprint of its identity
    key, 64 lower-case hexadecimal digits.

    Raises :class:`InvalidInputError` ``invalid_device_id``, ``invalid_trust_domain``, ``invalid_fingerprint``,
    ``invalid_lifetime``; :class:`UnavailableError` ``ca_expired``, ``clock_behind``.
    """
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    uri = device_uri(domain, device)
    if not isinstance(identity, str) or not _FINGERPRINT.fullmatch(identity):
        raise InvalidInputError("invalid_fingerprint", "a fingerprint has 64 lower-case hexadecimal digits")
    subject = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, device), x509.NameAttribute(NameOID.SERIAL_NUMBER, identity)]
    )
    names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri)])
    builder = _leaf(key, subject, by, now_ms, life_ms, ExtendedKeyUsageOID.CLIENT_AUTH)
    return signed(builder.add_extension(names, critical=False), by.key)


def server_leaf(
    key: EllipticCurvePublicKey, by: Signer, *, hosts: Hosts, now_ms: int, life_ms: int = LEAF_MS
) -> Certificate:
    """The certificate of a server that is reached as *hosts*. Raises as :func:`device_leaf`."""
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Palyra gateway")])
    addresses = (x509.IPAddress(ip_address(address)) for address in hosts.addresses)
    names = x509.SubjectAlternativeName([*map(x509.DNSName, hosts.dns), *addresses])
    builder = _leaf(key, subject, by, now_ms, life_ms, ExtendedKeyUsageOID.SERVER_AUTH)
    return signed(builder.add_extension(names, critical=False), by.key)


def _leaf(
    key: EllipticCurvePublicKey,
    subject: Name,
    by: Signer,
    now_ms: int,
    life_ms: int,
    purpose: ObjectIdentifier,
) -> CertificateBuilder:
    """A leaf that ends with its issuer, if that ends before it."""
    from cryptography import x509

    if not SHORTEST_LEAF_MS <= life_ms <= LEAF_MS:
        raise InvalidInputError("invalid_lifetime", "a certificate lives from one minute to 24 hours")
    check_now(by.certificate, now_ms)
    end = min(now_ms + life_ms, end_ms(by.certificate))
    builder = begun(key, subject, by.certificate.subject, now_ms, end)
    return (
        builder.add_extension(x509.BasicConstraints(False, None), critical=True)
        .add_extension(usage("digital_signature"), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(*authority(by))
    )

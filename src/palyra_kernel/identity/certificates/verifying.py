"""Whether a chain of certificates is what it says, at a moment, for the roots that one trusts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from palyra_kernel.errors import DeniedError, InvalidInputError
from palyra_kernel.identity.certificates.times import BACKDATED_MS, MINUTE, begin_ms, end_ms
from palyra_kernel.identity.names import parse_device_uri
from palyra_kernel.values.ids import to_datetime

if TYPE_CHECKING:
    from cryptography.x509 import Certificate, ObjectIdentifier
    from cryptography.x509.verification import PolicyBuilder

MAX_CHAIN = 4
MAX_BYTES = 8192
"""Of one certificate. Ours have about 600."""


def verify_device(chain: Sequence[bytes], roots: Sequence[bytes], domain: str, at_ms: int) -> str:
    """The id of the device whose *chain* this is: DER, its leaf first. *roots* are the trusted ones, in DER.

    Raises :class:`DeniedError` ``certificate_refused``, ``certificate_expired``, ``certificate_early``.
    """
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    leaf, *others = _parsed(chain)
    _check_time(leaf, at_ms)
    verifier = _policy(roots, at_ms).build_client_verifier()
    try:
        names = verifier.verify(leaf, others).subjects or []
    except (x509.verification.VerificationError, ValueError) as error:
        raise _refused(str(error)) from None
    _check_purpose(leaf, ExtendedKeyUsageOID.CLIENT_AUTH)
    if len(names) != 1 or not isinstance(names[0], x509.UniformResourceIdentifier):
        raise _refused("it has other names than that of one device")
    try:
        found, device = parse_device_uri(names[0].value)
    except InvalidInputError as error:
        raise _refused(error.message) from None
    if found != domain:
        raise _refused("it is of another trust domain")
    return device


def verify_server(chain: Sequence[bytes], roots: Sequence[bytes], host: str, at_ms: int) -> None:
    """Return if *chain* is that of the server *host*, a DNS name or an IP address. Raises as :func:`verify_device`."""
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    leaf, *others = _parsed(chain)
    _check_time(leaf, at_ms)
    try:
        subject: x509.IPAddress | x509.DNSName = x509.IPAddress(ip_address(host))
    except ValueError:
        subject = x509.DNSName(host)
    try:
        _policy(roots, at_ms).build_server_verifier(subject).verify(leaf, others)
    except (x509.verification.VerificationError, ValueError) as error:
        raise _refused(str(error)) from None
    _check_purpose(leaf, ExtendedKeyUsageOID.SERVER_AUTH)


def check_fresh(leaf: bytes, at_ms: int) -> None:
    """For who was just given *leaf*: raise :class:`DeniedError` ``clock_skew`` if the clock here and that of the CA
    are more than five minutes apart, so that it is said now and not when a handshake fails."""
    skew = at_ms - (begin_ms(_parsed([leaf])[0]) + BACKDATED_MS)
    if abs(skew) > BACKDATED_MS:
        minutes, where = abs(skew) // MINUTE, "ahead of" if skew > 0 else "behind"
        raise DeniedError(
            "clock_skew",
            f"the clock of this machine is {minutes} minutes {where} that of the gateway",
            hint="set both clocks; up to five minutes are allowed",
        )


def _parsed(chain: Sequence[bytes]) -> list[Certificate]:
    from cryptography import x509

    if not 1 <= len(chain) <= MAX_CHAIN:
        raise _refused(f"a chain has 1 to {MAX_CHAIN} certificates")
    if any(len(der) > MAX_BYTES for der in chain):
        raise _refused(f"a certificate has up to {MAX_BYTES} bytes")
    try:
        return [x509.load_der_x509_certificate(der) for der in chain]
    except (ValueError, x509.InvalidVersion):
        raise _refused("it is not well-formed") from None


def _policy(roots: Sequence[bytes], at_ms: int) -> PolicyBuilder:
    from cryptography.x509 import load_der_x509_certificate
    from cryptography.x509.verification import PolicyBuilder, Store

    if not roots:
        raise _refused("no root is trusted")
    store = Store([load_der_x509_certificate(der) for der in roots])
    return PolicyBuilder().store(store).time(to_datetime(at_ms))


def _check_time(leaf: Certificate, at_ms: int) -> None:
    """The moment first: of all reasons it is the one that somebody can do something about."""
    late, early = at_ms - end_ms(leaf), begin_ms(leaf) - at_ms
    if late > 0:
        raise DeniedError(
            "certificate_expired",
            f"the certificate expired {late // MINUTE} minutes ago by this clock",
            hint="renew it; if it is new, the clock of this machine is ahead",
        )
    if early > 0:
        raise DeniedError(
            "certificate_early",
            f"the certificate begins in {early // MINUTE + 1} minutes by this clock",
            hint="the clock of this machine is behind, or that of the gateway ahead",
        )


def _check_purpose(leaf: Certificate, purpose: ObjectIdentifier) -> None:
    """The verifier takes a leaf without purposes for one of all purposes; ours have exactly one."""
    from cryptography import x509

    try:
        found = list(leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        found = []
    if found != [purpose]:
        raise _refused("it is for another purpose")


def _refused(reason: str) -> DeniedError:
    """Reasons of the library name fields, and may quote a name of the peer: they are cut and made printable."""
    plain = "".join(character if character.isprintable() else "?" for character in reason)[:160]
    return DeniedError("certificate_refused", f"a certificate is refused: {plain}")

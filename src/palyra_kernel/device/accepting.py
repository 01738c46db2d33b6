"""What this device checks of what a gateway hands it, before any of it counts."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from palyra_kernel.device.documents import Credential, Gateway, Pins
from palyra_kernel.errors import DeniedError, IntegrityError, PalyraError
from palyra_kernel.identity.ca.bundle import MAX_BYTES, TrustBundle, accepted_bundle
from palyra_kernel.identity.certificates.keys import key_id, parsed, public_key, spki_hash
from palyra_kernel.identity.certificates.verifying import verify_device, verify_server
from palyra_kernel.identity.leaf import Leaf
from palyra_kernel.identity.names import trust_domain
from palyra_kernel.identity.renewal import renew_at_ms
from palyra_kernel.values.decoding import decode_json


class _Named(msgspec.Struct):
    domain: str


def first_bundle(raw: bytes, pins: Pins) -> TrustBundle:
    """The bundle that comes with the first certificate: its domain is new to this device, its signer is not, nor the
    root. Raises :class:`DeniedError` ``bundle_refused``."""
    try:
        domain = trust_domain(decode_json(raw[:MAX_BYTES], _Named).domain)
    except (msgspec.DecodeError, UnicodeDecodeError, PalyraError):
        raise DeniedError("bundle_refused", "a trust bundle is refused: it is not well-formed") from None
    bundle = _of_certificates(accepted_bundle(raw, pins.identity, domain))
    if pins.ca_hash not in {spki_hash(public_key(parsed(root))) for root in bundle.roots}:
        raise DeniedError("bundle_refused", "a trust bundle is refused: it has not the root of the pairing")
    return bundle


def later_bundle(raw: bytes, gateway: Gateway) -> TrustBundle:
    """The bundle that *gateway* has by now: the one that is known, or a newer one. Raises :class:`DeniedError`
    ``bundle_refused``, ``bundle_old``."""
    if raw == gateway.bundle:
        return stored_bundle(raw)
    above = gateway.number
    return _of_certificates(accepted_bundle(raw, gateway.pins.identity, gateway.domain, above=above))


def _of_certificates(bundle: TrustBundle) -> TrustBundle:
    """*bundle*, if what is in it are certificates: who signed it may have signed anything."""
    try:
        for der in (*bundle.roots, *bundle.issuing):
            public_key(parsed(der))
    except IntegrityError:
        message = "a trust bundle is refused: what is in it is no certificate of a CA"
        raise DeniedError("bundle_refused", message) from None
    return bundle


def stored_bundle(raw: bytes) -> TrustBundle:
    """The bundle that this device accepted before."""
    return decode_json(raw, TrustBundle)


def accepted_credential(
    key: str, chain: Sequence[bytes], bundle: TrustBundle, device: str, now_ms: int, chance: float
) -> Credential:
    """*chain* as the certificate for the TLS key *key* of *device*. *chance*, from 0 up to 1, moves its renewal.

    Raises :class:`DeniedError` ``certificate_refused``, ``certificate_expired``, ``certificate_early``.
    """
    found = verify_device(chain, bundle.roots, bundle.domain, now_ms)
    if found != device or key_id(public_key(parsed(chain[0]))) != key:
        raise DeniedError("certificate_refused", "a certificate is refused: it is of another device or key")
    leaf = Leaf.of(chain[0])
    return Credential(
        key=key,
        chain=tuple(chain),
        begin_ms=leaf.not_before_ms,
        end_ms=leaf.not_after_ms,
        renew_ms=renew_at_ms(leaf, chance),
    )


def check_server(leaf: bytes, bundle: TrustBundle, host: str, now_ms: int) -> None:
    """Raise :class:`DeniedError` unless *leaf* (DER) is that of *host*, by one of the CAs in *bundle*: for a connection
    that was made before this device trusted anybody."""
    verify_server((leaf, *_issuers(leaf, bundle)), bundle.roots, host, now_ms)


def _issuers(leaf: bytes, bundle: TrustBundle) -> list[bytes]:
    from cryptography import x509

    try:
        issuer = x509.load_der_x509_certificate(leaf).issuer
    except (ValueError, x509.InvalidVersion):
        return []  # the verifier says what is wrong with it
    return [der for der in bundle.issuing if parsed(der).subject == issuer][:1]

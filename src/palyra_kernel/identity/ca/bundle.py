"""The trust bundle: the CAs that count, numbered and signed by the gateway's identity key, which devices pinned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from palyra_kernel.errors import DeniedError
from palyra_kernel.identity.ca.documents import Authorities
from palyra_kernel.values.decoding import decode_json
from palyra_kernel.values.framing import frame

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

MAX_BYTES = 65_536
_FORMAT = 1
_LABEL = "palyra trust bundle v1"


class TrustBundle(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``roots`` decide; ``issuing`` CAs help whoever was sent a leaf alone. DER, in JSON as base64."""

    format: int = _FORMAT
    domain: str
    number: int
    made_ms: int
    roots: tuple[bytes, ...]
    issuing: tuple[bytes, ...]
    signature: bytes = b""

    def signed_text(self) -> bytes:
        """What the signature is over."""
        return (
            frame(_LABEL, self.domain, self.number, self.made_ms, len(self.roots))
            + frame(*self.roots)
            + frame(len(self.issuing))
            + frame(*self.issuing)
        )

    def encoded(self) -> bytes:
        """As it goes to a device."""
        return msgspec.json.encode(self)


def bundle_of(state: Authorities) -> TrustBundle:
    """What is trusted in *state*, with the signature that it has."""
    return TrustBundle(
        domain=state.domain,
        number=state.bundle,
        made_ms=state.changed_ms,
        roots=tuple(ca.certificate for ca in state.roots),
        issuing=tuple(ca.certificate for ca in state.issuing),
        signature=state.signature,
    )


def signature_of(state: Authorities, key: Ed25519PrivateKey) -> bytes:
    """The signature for what is trusted in *state*."""
    return key.sign(bundle_of(state).signed_text())


def accepted_bundle(data: bytes, signer: bytes, domain: str, *, above: int = 0) -> TrustBundle:
    """The bundle in *data*, for a device that pinned *signer* (32 bytes, Ed25519) and knows the one numbered *above*.

    An old one never comes back, so a root that went out in an emergency stays out. Raises :class:`DeniedError`
    ``bundle_refused``, ``bundle_old``.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if len(data) > MAX_BYTES:
        raise _refused("it is too long")
    try:
        bundle = decode_json(data, TrustBundle)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise _refused("it is not well-formed") from None
    if bundle.format != _FORMAT or bundle.domain != domain or not bundle.roots:
        raise _refused("it is of another gateway or another format")
    try:
        Ed25519PublicKey.from_public_bytes(signer).verify(bundle.signature, bundle.signed_text())
    except (InvalidSignature, ValueError, OverflowError):
        raise _refused("it is not signed by the gateway that this device knows") from None
    if bundle.number <= above:
        raise DeniedError("bundle_old", f"the trust bundle {bundle.number} is not newer than {above}")
    return bundle


def _refused(reason: str) -> DeniedError:
    return DeniedError("bundle_refused", f"a trust bundle is refused: {reason}")

"""What both sides of a run must have seen alike, as one hash, and the keys that only the two of them have.

Every field of every message before the confirmation is in it, besides what each side knows of itself: whoever changes,
drops or swaps a byte on the way makes the two hashes differ, and then no confirmation fits.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from palyra_kernel.identity.pairing.words import words
from palyra_kernel.values.digest import ALGORITHM, sha256
from palyra_kernel.values.framing import frame

LABEL = "palyra pairing v1"
DEVICE = "device"
GATEWAY = "gateway"
KEY_BYTES = 32


class Transcript(msgspec.Struct, frozen=True, kw_only=True):
    """The fields in the order in which they are hashed. ``*_ms``: milliseconds since 1970 or long."""

    versions: tuple[int, ...]
    suites: tuple[str, ...]
    version: int
    suite: str
    run: str
    method: str
    code: str
    device: str
    kind: str
    device_nonce: bytes
    gateway_nonce: bytes
    gateway_share: bytes
    device_share: bytes
    device_identity: bytes
    device_agreement: bytes
    gateway_identity: bytes
    request_hash: bytes
    """SHA-256 of the certificate request, DER."""
    ca_hash: bytes
    """SHA-256 of the public key field of the gateway's root certificate."""
    tls_hash: bytes
    """SHA-256 of the certificate that the TLS connection of the run was made with, DER. Not sent: each knows it."""
    code_expires_ms: int
    """Of a QR code, which says it; 0 for a PIN. Not sent: who has no code must not learn whether there is one."""
    expires_ms: int
    """When the run ends."""
    run_ms: int
    approval_ms: int

    def encode(self) -> bytes:
        """The fields, each behind its length; a list is one field, framed in itself."""
        return frame(
            LABEL, DEVICE, GATEWAY, *(_field(getattr(self, name)) for name in self.__struct_fields__)
        )

    def digest(self) -> bytes:
        """SHA-256 of it: what is signed, confirmed, approved and remembered."""
        return sha256(self.encode())


class RunKeys(NamedTuple):
    """What follows from the shared key and the transcript; one use each."""

    confirm_device: bytes
    confirm_gateway: bytes
    channel: bytes
    words: str
    """For people: four words."""
    digits: str
    """The same for who prefers numbers: six digits, as ``123-456``."""


def run_keys(shared: bytes, digest: bytes) -> RunKeys:
    """HKDF-SHA256 (RFC 5869) of *shared*, salted with the transcript's *digest*, with a label for each use."""
    shown = _derive(shared, digest, "words")
    number = int.from_bytes(_derive(shared, digest, "digits"), "big") % 1_000_000
    return RunKeys(
        _derive(shared, digest, "confirm device"),
        _derive(shared, digest, "confirm gateway"),
        _derive(shared, digest, "channel"),
        words(shown),
        f"{number // 1000:03}-{number % 1000:03}",
    )


def signed_by(role: str, digest: bytes) -> bytes:
    """What the identity key of *role* signs."""
    return frame(LABEL, "signature", role, digest)


def tag(key: bytes, role: str, digest: bytes, *before: bytes) -> bytes:
    """HMAC-SHA256 with which *role* shows that it has the shared key, over what both sent since."""
    from cryptography.hazmat.primitives.hmac import HMAC

    mac = HMAC(key, ALGORITHM)
    mac.update(frame(LABEL, "confirm", role, digest, *before))
    return mac.finalize()


def same(one: bytes, other: bytes) -> bool:
    """Whether two tags are equal, in constant time."""
    from cryptography.hazmat.primitives.constant_time import bytes_eq

    return bytes_eq(one, other)


def _derive(shared: bytes, digest: bytes, label: str) -> bytes:
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(ALGORITHM, KEY_BYTES, digest, frame(LABEL, label)).derive(shared)


def _field(value: object) -> bytes | str | int:
    if isinstance(value, tuple):
        return frame(*value)
    if isinstance(value, bytes | str | int):
        return value
    raise TypeError(f"no field of a transcript: {type(value).__name__}")

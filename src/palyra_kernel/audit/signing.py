"""Who exported this: an Ed25519 key of the vault, and its fingerprint for whoever has only the file."""

from __future__ import annotations

from collections.abc import Callable

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from palyra_kernel.keys.signer import AUDIT_SIGNER, fingerprint
from palyra_kernel.values.sensitive import SensitiveBytes

SEED_BYTES = 32
SeedSource = Callable[[], SensitiveBytes]
"""Gives the 32 bytes that the key follows from; whoever asks wipes them. They are a secret of the vault."""


class Signer:
    """Signs exports of one vault."""

    def __init__(self, seed: SeedSource) -> None:
        with seed() as secret:
            self._key = Ed25519PrivateKey.from_private_bytes(secret.view())
        self.public = self._key.public_key().public_bytes_raw()
        self.fingerprint = fingerprint(self.public, AUDIT_SIGNER)

    def sign(self, message: bytes) -> bytes:
        """The signature of *message*, 64 bytes."""
        return self._key.sign(message)


def is_signed(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether *signature* of *message* is that of *public*."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):  # ValueError: no public key at all
        return False
    return True

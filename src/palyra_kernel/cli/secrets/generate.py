"""Values that the computer chooses: from the operating system's randomness, and never shown."""

from __future__ import annotations

import secrets
from typing import NamedTuple

from palyra_kernel.errors import InvalidInputError
from palyra_kernel.values.sensitive import SensitiveBytes

ALPHABET = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Without 0 O 1 l I o, which people misread: 56 characters, so 20 of them are 116 bits."""

_DEFAULT_LENGTH = {"password": 20, "token": 32, "hex": 32}
KINDS = (*_DEFAULT_LENGTH, "ed25519")
_SHORTEST, _LONGEST = 8, 1024


class Generated(NamedTuple):
    """A value, and the public key that goes with a private one."""

    value: SensitiveBytes
    public_key: str | None = None


def generate(kind: str, length: int | None) -> Generated:
    """Make a ``password`` of *length* characters, or a ``token`` or ``hex`` of *length* random bytes, or a key.

    Raises :class:`InvalidInputError` ``invalid_length`` outside of 8 to 1024.
    """
    if kind == "ed25519":
        if length is not None:
            raise InvalidInputError("invalid_length", "an Ed25519 key has one length: leave --length out")
        return _ed25519()
    count = _DEFAULT_LENGTH[kind] if length is None else length
    if not _SHORTEST <= count <= _LONGEST:
        raise InvalidInputError("invalid_length", f"a length is from {_SHORTEST} to {_LONGEST}")
    if kind == "password":
        text = "".join(secrets.choice(ALPHABET) for _ in range(count))
    else:
        text = secrets.token_urlsafe(count) if kind == "token" else secrets.token_hex(count)
    return Generated(SensitiveBytes(text.encode()))


def _ed25519() -> Generated:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return Generated(SensitiveBytes(private), public.decode())

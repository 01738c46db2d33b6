"""Who made this: the Ed25519 key of backups, which follows from the root key, and fingerprints of signers for paper."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from palyra_kernel.errors import InvalidInputError
from palyra_kernel.keys.derive import derive
from palyra_kernel.values.framing import frame
from palyra_kernel.values.sensitive import SensitiveBytes

BACKUP_SIGNER = "palyra backup signer"
AUDIT_SIGNER = "palyra audit signer"
"""What a signer signs: the fingerprint of one is never that of another."""

_CHARACTERS = 26
"""Of five bits each: 130 bits of a SHA-256 keep everybody from finding a second key with the same fingerprint."""

_GROUP = 5
_is_fingerprint = re.compile(f"[A-Za-z2-7]{{{_CHARACTERS}}}").fullmatch  # upper() makes an S of U+017F


def backup_signer(root: SensitiveBytes, vault_id: str, epoch: int) -> Ed25519PrivateKey:
    """The key that signs backups of the vault. Nothing is stored: whoever has the root key has this one.

    Another root key has another signer, so it changes with ``palyra vault rekey --root``.
    """
    seed = derive(root, vault_id, "backup signer", epoch)
    try:
        return Ed25519PrivateKey.from_private_bytes(seed)
    finally:
        seed[:] = bytes(len(seed))


def fingerprint(public_key: bytes, signs: str = BACKUP_SIGNER) -> str:
    """What people compare: 26 base32 characters (RFC 4648) of a SHA-256 of *public_key*, in groups of five."""
    digest = hashlib.sha256(frame(signs, public_key)).digest()
    return _grouped(base64.b32encode(digest).decode()[:_CHARACTERS])


def parse_fingerprint(text: str) -> str:
    """Read what a person typed: case, white space and dashes do not matter.

    Raises :class:`InvalidInputError` ``invalid_fingerprint``.
    """
    packed = "".join(text.split()).replace("-", "")
    if _is_fingerprint(packed) is None:
        raise InvalidInputError(
            "invalid_fingerprint",
            f"a signer's fingerprint has {_CHARACTERS} characters of A-Z and 2-7",
            hint="for a backup it is on the recovery sheet, in the line that starts with `signer:`",
        )
    return _grouped(packed.upper())


def signed_by(public_key: bytes, expected: str, signs: str = BACKUP_SIGNER) -> bool:
    """Whether *public_key* has the fingerprint *expected*, as a person may type it; in constant time."""
    return hmac.compare_digest(fingerprint(public_key, signs), parse_fingerprint(expected))


def _grouped(text: str) -> str:
    return "-".join(text[start : start + _GROUP] for start in range(0, len(text), _GROUP))

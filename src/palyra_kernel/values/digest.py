"""SHA-256, from the library that everything else cryptographic here comes from.

``hashlib`` and ``hmac`` would load a second OpenSSL, the system's, at every start: about 4 % of ``palyra secrets get``.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.hashes import SHA256, Hash

ALGORITHM = SHA256()


def sha256(data: bytes | bytearray | memoryview) -> bytes:
    """The digest of *data*, 32 bytes."""
    return Hash.hash(ALGORITHM, data)

"""PKCE (RFC 7636): who began a login proves it at its end."""

from __future__ import annotations

import os
from base64 import urlsafe_b64encode

from palyra_kernel.values.digest import sha256
from palyra_kernel.values.sensitive import SensitiveBytes

_VERIFIER_BYTES = 32


def new_verifier() -> SensitiveBytes:
    """256 random bits as 43 characters (4.1)."""
    return secret_text(_VERIFIER_BYTES)


def challenge(verifier: SensitiveBytes) -> str:
    """What goes ahead of *verifier*, by the method ``S256`` (4.2); the method ``plain`` is never used."""
    return urlsafe_b64encode(sha256(verifier.view())).rstrip(b"=").decode()


def secret_text(size: int) -> SensitiveBytes:
    """*size* random bytes in the characters of an address."""
    return SensitiveBytes.adopt(bytearray(urlsafe_b64encode(os.urandom(size)).rstrip(b"=")))

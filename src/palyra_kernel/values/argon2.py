"""Argon2id (RFC 9106): from something a person knows to a key, at a price for whoever guesses."""

from __future__ import annotations

from palyra_kernel.errors import UnavailableError
from palyra_kernel.values.sensitive import SensitiveBytes

MEMORY_KIB, ITERATIONS, LANES = 65_536, 3, 4
"""64 MiB, three passes, four lanes: the second recommended option of RFC 9106, section 4."""


def argon2id(
    passphrase: SensitiveBytes, salt: bytes, *, memory_kib: int, iterations: int, lanes: int, length: int = 32
) -> SensitiveBytes:
    """Derive *length* bytes. Whoever takes the parameters from elsewhere bounds them first. Raises
    :class:`UnavailableError` ``out_of_memory``."""
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id  # only passphrases need it

    derived = SensitiveBytes.zeros(length)
    kdf = Argon2id(salt=salt, length=length, iterations=iterations, lanes=lanes, memory_cost=memory_kib)
    try:
        kdf.derive_into(passphrase.view(), derived.view())  # type: ignore[arg-type]  # takes any buffer; a copy stays
    except MemoryError:
        raise UnavailableError(
            "out_of_memory",
            f"deriving the key takes {memory_kib // 1024} MiB of memory, and there is not so much",
        ) from None
    return derived

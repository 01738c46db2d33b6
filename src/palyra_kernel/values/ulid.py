"""ULIDs: 128-bit ids that sort by the time they were made, as 26 characters of Crockford's base32 in capitals."""

from __future__ import annotations

import os
import re

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CANONICAL = re.compile(f"[0-7][{_ALPHABET}]{{25}}")
_RANDOM_BITS = 80


def new_ulid(at_ms: int) -> str:
    """A new id of the moment *at_ms* (milliseconds since 1970): 48 bits of time, 80 random ones."""
    number = (at_ms & (1 << 48) - 1) << _RANDOM_BITS | int.from_bytes(os.urandom(_RANDOM_BITS // 8), "big")
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -5, -5))


def is_ulid(text: str) -> bool:
    """Whether *text* is a ULID in the one canonical form: other spellings of the same number are none."""
    return _CANONICAL.fullmatch(text) is not None


def ulid_ms(text: str) -> int:
    """The moment that the canonical ULID *text* was made at."""
    number = 0
    for character in text[:10]:
        number = number << 5 | _ALPHABET.index(character)
    return number

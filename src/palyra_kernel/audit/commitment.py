"""A commitment to every field of an event, each under a salt of its own: a field can be left out and still be proved.

A field is a leaf, the hash of its salt, name and value; the commitment is the hash of all names and leaves. Who has a
leaf and not its salt learns nothing of the value, not even by trying all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from cryptography.hazmat.primitives.hmac import HMAC

from palyra_kernel.values.digest import ALGORITHM, sha256
from palyra_kernel.values.framing import frame

SALT_BYTES = 32

Value = int | str | list[str] | dict[str, str]
"""What a field may be."""


def field_salts(salt: bytes, names: Mapping[str, object]) -> dict[str, bytes]:
    """The salt of each field: ``HMAC-SHA256(salt, name)``."""
    keyed = HMAC(salt, ALGORITHM)
    salts = {}
    for name in names:
        mac = keyed.copy()
        mac.update(name.encode())
        salts[name] = mac.finalize()
    return salts


def leaf(salt: bytes, name: str, value: Value) -> bytes:
    """The hash of one field under its own salt."""
    kind, content = _framed(value)
    return sha256(b"".join((_start(name, kind), salt, len(content).to_bytes(4, "big"), content)))


def leaves(fields: Mapping[str, Value], salts: Mapping[str, bytes]) -> dict[str, bytes]:
    """The leaf of each field."""
    return {name: leaf(salts[name], name, value) for name, value in fields.items()}


def commitment(found: Mapping[str, bytes]) -> bytes:
    """The hash over all leaves, by name."""
    return sha256(_LABEL + b"".join([_named(name) + found[name] for name in sorted(found)]))


# Frames, a part at a time: what is the same for every event is framed once.
_LABEL = frame("palyra audit fields v1")
_LENGTH = (32).to_bytes(4, "big")
"""In front of a hash and of a salt."""


@lru_cache(256)
def _start(name: str, kind: str) -> bytes:
    return frame("palyra audit field v1", name, kind) + _LENGTH


@lru_cache(256)
def _named(name: str) -> bytes:
    return frame(name) + _LENGTH


def _framed(value: Value) -> tuple[str, bytes]:
    """Kind and bytes of a value: no two values have the same."""
    if isinstance(value, int):
        return "number", value.to_bytes(8, "big")
    if isinstance(value, str):
        return "text", value.encode()
    if isinstance(value, list):
        return "list", frame(*value)
    return "map", frame(*(part for pair in sorted(value.items()) for part in pair))

"""How record keys are built: ``g/NAME/…`` is guarded by the set-hash, ``p/NAME/…`` is plain."""

from __future__ import annotations

import re

HEAD_KEY = b"head"
"""The record that holds the set-hash of every guarded namespace. Its version is the store's generation."""


class Namespace:
    """A family of records that belongs to one room."""

    __slots__ = ("guarded", "name", "prefix")

    def __init__(self, name: str, *, guarded: bool) -> None:
        self.name = name
        self.guarded = guarded
        self.prefix = f"{'g' if guarded else 'p'}/{name}/".encode()

    def key(self, suffix: bytes | str) -> bytes:
        """The record key for *suffix*."""
        return self.prefix + (suffix.encode() if isinstance(suffix, str) else suffix)


_GUARDED = re.compile(rb"g/([a-z_]{1,32})/")


def guarded_name(key: bytes) -> str | None:
    """The guarded namespace that *key* belongs to, or None."""
    match = _GUARDED.match(key)
    return match[1].decode() if match else None

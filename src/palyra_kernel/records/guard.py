"""The set-hash: one number that says whether every guarded record is the one that was written last.

The sum modulo 2**256 of HMAC-SHA256 over key, version and digest of each record, with a count, for each
namespace (the keyed multiset hash of Clarke et al., "Incremental Multiset Hash Functions and Their Application to
Memory Integrity Checking", ASIACRYPT 2003). Changing one record costs one subtraction and one addition.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated

import msgspec

from palyra_kernel.contracts.records import StoredRecord
from palyra_kernel.errors import IntegrityError
from palyra_kernel.keys.derive import DerivedKeys
from palyra_kernel.records.namespaces import guarded_name
from palyra_kernel.values.decoding import decode_json
from palyra_kernel.values.digest import sha256
from palyra_kernel.values.framing import frame

FORMAT = 1
_MODULUS = 2**256


class SetState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The set-hash of one namespace: the sum in hexadecimal, and how many records it covers."""

    sum: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    count: Annotated[int, msgspec.Meta(ge=0)]


class HeadDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The document in the head record."""

    format: int
    generation: int
    sets: dict[str, SetState]


class SetHash:
    """A set-hash that is being computed."""

    __slots__ = ("_keys", "count", "total")

    def __init__(self, keys: DerivedKeys, start: SetState | None = None) -> None:
        self._keys = keys
        self.total = int(start.sum, 16) if start else 0
        self.count = start.count if start else 0

    def add(self, record: StoredRecord) -> None:
        """Count *record* in."""
        self.total = (self.total + self._element(record)) % _MODULUS
        self.count += 1

    def remove(self, record: StoredRecord) -> None:
        """Count *record*, which was counted in before, out."""
        self.total = (self.total - self._element(record)) % _MODULUS
        self.count -= 1

    def state(self) -> SetState:
        """The value to store."""
        return SetState(f"{self.total:064x}", self.count)

    def _element(self, record: StoredRecord) -> int:
        digest = sha256(record.value or b"")
        return self._keys.set_element(frame(record.key, record.version, digest))


def changed_sets(
    keys: DerivedKeys,
    document: HeadDocument | None,
    before: Mapping[bytes, StoredRecord],
    puts: Iterable[StoredRecord],
    deletes: Iterable[bytes],
) -> dict[str, SetState] | None:
    """The set-hashes after a change that replaces or deletes what is in *before*; None if nothing guarded changes."""
    stored = document.sets if document else {}
    changed: dict[str, SetHash] = {}

    def replaced(key: bytes) -> SetHash | None:
        name = guarded_name(key)
        if name is None:
            return None
        entry = changed.setdefault(name, SetHash(keys, stored.get(name)))
        old = before.get(key)
        if old is not None and old.value is not None:
            entry.remove(old)
        return entry

    for put in puts:
        entry = replaced(put.key)
        if entry is not None:
            entry.add(put)
    for key in deletes:
        replaced(key)
    if not changed:
        return None
    return stored | {name: entry.state() for name, entry in changed.items()}


def decode_head(document: bytes, version: int) -> HeadDocument:
    """Parse the head record. Raises :class:`IntegrityError` ``head_damaged``."""
    try:
        head = decode_json(document, HeadDocument)
    except (msgspec.DecodeError, UnicodeDecodeError):
        head = None
    if head is None or head.format != FORMAT or head.generation != version:
        raise IntegrityError("head_damaged", "the head record of the store is damaged")
    return head

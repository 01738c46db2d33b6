"""Finding secrets: sealed entries under blinded keys, each with an anchor that must agree.

The anchor is a second, empty record, written in the same commits and so of the same version. An entry that was put
back to an older state on its own, or taken away, disagrees with it; both together are found by ``verify``. Only its
version is read: opening it would tell nothing more, whoever can put back one record can put back two.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import NamedTuple

from msgspec.structs import replace

from palyra_kernel.contracts.records import StoredRecord
from palyra_kernel.errors import IntegrityError, InvalidInputError
from palyra_kernel.records import Change, Namespace, Records
from palyra_kernel.values.refs import VaultRef
from palyra_kernel.values.scopes import VaultScope
from palyra_kernel.vault.entry import FORMAT, UNANCHORED, Entry, Version, decode_entry, encode_entry

SECRETS = Namespace("vault", guarded=True)
"""Keys are 16 bytes for the scope and 32 for scope and key, both keyed hashes: listing a scope is one range."""

ANCHORS = Namespace("anchor", guarded=True)
"""Under the same keys as the entries."""

_READ_AGAIN = 5
_SCOPE_BYTES = 16
_KEY_BYTES = 32
_CACHED_SCOPES = 1024
_CACHED_PLACES = 16_384
_CACHED_ENTRIES = 1024

Blind = Callable[..., bytes]
"""``DerivedKeys.blind``: names in, 32 bytes out."""


class Found(NamedTuple):
    """Where a secret is or would be: the suffix of its records' keys, the record's version, and the entry if there is
    one."""

    suffix: bytes
    record_version: int
    entry: Entry | None


class Index:
    """The vault's index over the records."""

    def __init__(self, records: Records) -> None:
        self._records = records
        blind = records.keys.blind
        self._scope_part = scope_part = lru_cache(_CACHED_SCOPES)(partial(_scope_part, blind))
        self._suffix = lru_cache(_CACHED_PLACES)(
            lambda scope, key: scope_part(scope) + _key_part(blind, scope, key)
        )
        # Both records are read anew each time; the same sealed bytes are not unsealed again.
        self._entry = lru_cache(_CACHED_ENTRIES)(lambda stored: decode_entry(records.open(stored)))

    def find(self, ref: VaultRef) -> Found:
        """Look *ref* up: two records, one question.

        Raises :class:`IntegrityError` ``entry_rolled_back`` where entry and anchor disagree, ``entry_moved``.
        """
        scope = str(ref.scope)
        suffix = self._suffix(scope, ref.key)
        keys = (SECRETS.prefix + suffix, ANCHORS.prefix + suffix)
        for _ in range(_READ_AGAIN):  # a store that answers key by key may show half of a commit
            stored, anchor = self._records.stored_beside(*keys)
            entry = None if stored is None or stored.value is None else self._entry(stored)
            if _agree(stored, entry, anchor):
                break
        else:
            raise _rolled_back(ref)
        if entry is not None and (entry.key != ref.key or entry.scope != scope):
            raise IntegrityError("entry_moved", "an index record belongs to another secret")
        return Found(suffix, 0 if stored is None else stored.version, entry)

    def has(self, ref: VaultRef, version: Version) -> bool:
        """Whether the entry of *ref* still has *version*; a write may have dropped it meanwhile."""
        entry = self.find(ref).entry
        return entry is not None and version in entry.versions

    def page(self, scope: VaultScope | None, after: bytes | None, limit: int) -> list[tuple[bytes, Entry]]:
        """Up to *limit* entries of *scope* (of all scopes if None) behind the place *after*, each with its place."""
        prefix = SECRETS.prefix if scope is None else SECRETS.key(self._scope_part(str(scope)))
        behind = None if after is None else SECRETS.key(after)
        start = len(SECRETS.prefix)
        return [
            (key[start:], decode_entry(document))
            for key, document in self._records.scan(prefix, behind, limit)
        ]


def moved_keys(records: Records, blind: Blind) -> dict[bytes, bytes]:
    """For each key of an index record or anchor the one that *blind*, of another root key, gives it."""
    moved: dict[bytes, bytes] = {}
    for stored in records.stored(SECRETS.prefix):
        entry = decode_entry(records.open(stored))
        old = stored.key.removeprefix(SECRETS.prefix)
        new = _scope_part(blind, entry.scope) + _key_part(blind, entry.scope, entry.key)
        moved[stored.key] = SECRETS.prefix + new
        moved[ANCHORS.prefix + old] = ANCHORS.prefix + new
    return moved


def entry_ref(entry: Entry) -> VaultRef:
    """The reference that *entry* belongs to."""
    if entry.scope.startswith("kernel:"):
        return VaultRef(VaultScope.kernel(entry.scope.removeprefix("kernel:")), entry.key)
    return VaultRef(VaultScope.parse(entry.scope), entry.key)


def put_entry(change: Change, found: Found, entry: Entry) -> None:
    """Add to *change*: the entry replaces what was found, if it is still that."""
    change.check(SECRETS.prefix + found.suffix, found.record_version)
    change.put(SECRETS.prefix + found.suffix, encode_entry(replace(entry, format=FORMAT)))
    change.put(ANCHORS.prefix + found.suffix, b"")


def drop_entry(change: Change, found: Found) -> None:
    """Add to *change*: what was found is deleted, name and all."""
    change.check(SECRETS.prefix + found.suffix, found.record_version)
    change.delete(SECRETS.prefix + found.suffix)
    change.delete(ANCHORS.prefix + found.suffix)


def _scope_part(blind: Blind, scope: str) -> bytes:
    return blind("scope", scope)[:_SCOPE_BYTES]


def _key_part(blind: Blind, scope: str, key: str) -> bytes:
    return blind("secret", scope, key)


def _agree(stored: StoredRecord | None, entry: Entry | None, anchor: StoredRecord | None) -> bool:
    live = anchor is not None and anchor.value is not None
    if stored is None or entry is None:
        return not live
    if entry.format == UNANCHORED:
        return anchor is None
    return anchor is not None and live and anchor.version == stored.version


def _rolled_back(ref: VaultRef) -> IntegrityError:
    return IntegrityError(
        "entry_rolled_back",
        f"the index record of {ref.bare} is not the one that was written last",
        hint="run `palyra vault verify`, and restore the state root from a backup",
    )


def parse_cursor(cursor: str) -> bytes:
    """The place in the index that *cursor*, its hexadecimal text, means. Raises :class:`InvalidInputError`."""
    try:
        raw = bytes.fromhex(cursor)
    except ValueError:
        raw = b""
    if len(raw) != _SCOPE_BYTES + _KEY_BYTES:
        raise InvalidInputError("invalid_cursor", "not a cursor of a secret list")
    return raw

"""Finding secrets: sealed entries under blinded keys."""

from __future__ import annotations

from typing import NamedTuple

from palyra_kernel.errors import IntegrityError, InvalidInputError
from palyra_kernel.records import Change, Namespace, Records
from palyra_kernel.values.refs import VaultRef
from palyra_kernel.values.scopes import VaultScope
from palyra_kernel.vault.entry import Entry, decode_entry, encode_entry

SECRETS = Namespace("vault", guarded=True)
"""Keys are 16 bytes for the scope and 32 for scope and key, both keyed hashes: listing a scope is one range."""

_SCOPE_BYTES = 16
_KEY_BYTES = 32
_CACHED_SCOPES = 1024


class Found(NamedTuple):
    """Where a secret is or would be: the record's key and version, and the entry if there is one."""

    record_key: bytes
    record_version: int
    entry: Entry | None


class Index:
    """The vault's index over the records."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._scopes: dict[str, bytes] = {}

    def find(self, ref: VaultRef) -> Found:
        """Look *ref* up: one record read."""
        scope = str(ref.scope)
        record_key = self._scope_prefix(scope) + self._records.keys.blind("secret", scope, ref.key)
        version, document = self._records.read(record_key)
        if document is None:
            return Found(record_key, version, None)
        entry = decode_entry(document)
        if entry.key != ref.key or entry.scope != scope:
            raise IntegrityError("entry_moved", "an index record belongs to another secret")
        return Found(record_key, version, entry)

    def page(self, scope: VaultScope | None, cursor: str | None, limit: int) -> list[tuple[str, Entry]]:
        """Up to *limit* entries of *scope* (of all scopes if None) behind *cursor*, each with its own cursor."""
        prefix = SECRETS.prefix if scope is None else self._scope_prefix(str(scope))
        after = None if cursor is None else SECRETS.key(_parse_cursor(cursor))
        return [
            (key.removeprefix(SECRETS.prefix).hex(), decode_entry(record.document or b""))
            for key, record in self._records.scan(prefix, after, limit)
        ]

    def _scope_prefix(self, scope: str) -> bytes:
        prefix = self._scopes.get(scope)
        if prefix is None:
            prefix = SECRETS.key(self._records.keys.blind("scope", scope)[:_SCOPE_BYTES])
            if len(self._scopes) < _CACHED_SCOPES:
                self._scopes[scope] = prefix
        return prefix


def put_entry(change: Change, found: Found, entry: Entry) -> None:
    """Add to *change*: the entry replaces what was found, if it is still that."""
    change.check(found.record_key, found.record_version)
    change.put(found.record_key, encode_entry(entry))


def _parse_cursor(cursor: str) -> bytes:
    try:
        raw = bytes.fromhex(cursor)
    except ValueError:
        raw = b""
    if len(raw) != _SCOPE_BYTES + _KEY_BYTES:
        raise InvalidInputError("invalid_cursor", "not a cursor of a secret list")
    return raw

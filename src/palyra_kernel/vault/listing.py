"""Listing: ranges of the index, filtered after unsealing; no value is decrypted."""

from __future__ import annotations

from collections.abc import Mapping

from palyra_kernel.errors import InvalidInputError
from palyra_kernel.values.refs import VaultRef
from palyra_kernel.values.scopes import VaultScope
from palyra_kernel.vault.entry import Entry
from palyra_kernel.vault.index import Index, parse_cursor
from palyra_kernel.vault.metadata import SecretPage, metadata_of

_PAGE = 100  # larger ones leave the processor's cache before they are parsed


def list_secrets(
    index: Index,
    scope: VaultScope | None,
    *,
    prefix: str,
    labels: Mapping[str, str] | None,
    deleted: bool,
    cursor: str | None,
    limit: int | None,
) -> SecretPage:
    """See :meth:`Vault.list`."""
    if limit is not None and (type(limit) is not int or limit < 1):
        raise InvalidInputError("invalid_limit", "a limit is 1 or more")
    wanted = (labels or {}).items()
    after = None if cursor is None else parse_cursor(cursor)
    found = SecretPage()
    while page := index.page(scope, after, _PAGE):
        for here, entry in page:
            if not entry.key.startswith(prefix) or not (deleted or entry.deleted_at_ms is None):
                continue
            if wanted and not wanted <= entry.labels.items():
                continue
            entry_scope = scope if scope is not None else _public_scope(entry)
            if entry_scope is None:
                continue
            found.append(metadata_of(VaultRef(entry_scope, entry.key), entry))
            if len(found) == limit:
                found.next_cursor = here.hex()
                return found
        if len(page) < _PAGE:
            break
        after = page[-1][0]
    return found


def _public_scope(entry: Entry) -> VaultScope | None:
    return None if entry.scope.startswith("kernel:") else VaultScope.parse(entry.scope)

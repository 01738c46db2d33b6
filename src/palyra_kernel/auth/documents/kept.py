"""What documents brought that means nothing here: rows set apart, and fields that nobody understands. It goes out again
with the next export, so that somebody can mend it."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from palyra_kernel.auth.documents.registry import Quarantined
from palyra_kernel.errors import IntegrityError, InvalidInputError
from palyra_kernel.records import Change, Namespace, Records
from palyra_kernel.values.decoding import decode_json

DOCUMENTS = Namespace("auth_documents", guarded=True)
MAX_KEPT = 2**20
"""Bytes of all of it."""
_KEY = DOCUMENTS.key("kept")
_FORMAT = 1


class Kept(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``registry``, ``runtime``: unknown fields by where they stand. ``rows``: those that mean no profile."""

    format: int = _FORMAT
    registry: dict[str, str] = {}
    runtime: dict[str, str] = {}
    rows: tuple[Quarantined, ...] = ()


class KeptStore:
    """Where that is kept."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def read(self) -> Kept:
        """What is kept now. Raises :class:`IntegrityError` ``set_tampered``, ``documents_damaged``."""
        return self._now()[1]

    def plan(self, change: Change, edit: Callable[[Kept], Kept]) -> None:
        """Add to *change*: what *edit* makes of it is kept. Raises :class:`InvalidInputError` ``too_much_unknown``."""
        version, kept = self._now()
        edited = edit(kept)
        if edited == kept:
            return
        encoded = msgspec.json.encode(edited)
        if len(encoded) > MAX_KEPT:
            raise InvalidInputError(
                "too_much_unknown", "rows and fields that mean nothing have at most 1 MiB together"
            )
        change.check(_KEY, version)
        change.put(_KEY, encoded)

    def _now(self) -> tuple[int, Kept]:
        found = self._records.load_guarded(DOCUMENTS)
        if not found:
            return self._records.read(_KEY).version, Kept()
        try:
            kept = decode_json(self._records.open(found[0]), Kept)
        except (msgspec.DecodeError, UnicodeDecodeError):
            kept = None
        if kept is None or kept.format != _FORMAT or [each.key for each in found] != [_KEY]:
            raise IntegrityError(
                "documents_damaged",
                "the record of what documents brought is damaged",
                hint="restore the state root from a backup",
            )
        return found[0].version, kept

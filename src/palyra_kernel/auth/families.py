"""Where families are kept, and how one changes: by compare-and-set, never otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

import msgspec

from palyra_kernel.auth.family import Family
from palyra_kernel.errors import ConflictError, IntegrityError
from palyra_kernel.records import Change, Namespace, Records
from palyra_kernel.records.shelf import Row, Shelf
from palyra_kernel.values.decoding import decode_json

FAMILIES = Namespace("auth_families", guarded=True)
_FORMAT = 1
_ATTEMPTS = 50
_KEYS_KEPT = 16_384


class _Document(msgspec.Struct, frozen=True, kw_only=True):
    format: int
    family: Family


class Families:
    """The families of one vault."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._shelf = Shelf(records, FAMILIES, decoded)
        self.key = lru_cache(_KEYS_KEPT)(self._key)
        """The record key for the id of a profile."""

    def all(self) -> Mapping[str, Family]:
        """Every family by the id of its profile, compared with the set-hash."""
        rows = self._shelf.all().values()
        return {row.value.id: row.value for row in rows if row.value is not None}

    def read(self, id: str) -> tuple[int, Family]:
        """The version of the record of the profile *id*, and the family as it is now; an empty one if there is none.

        Raises :class:`IntegrityError` ``family_damaged``.
        """
        row = self._shelf.row(self.key(id))
        family = _whole(id, row)
        return row.version, family

    def plan(self, change: Change, version: int, family: Family) -> None:
        """Add to *change*: the family, still at *version*, is *family* from then on."""
        self._shelf.replace(change, self.key(family.id), version, _encoded(family))

    def swap(self, version: int, family: Family) -> bool:
        """Make the family, still at *version*, *family*; False if somebody else was first."""
        change = Change()
        self.plan(change, version, family)
        try:
            self._records.commit(change)
        except ConflictError:
            return False
        return True

    def update(self, id: str, edit: Callable[[Family], Family | None]) -> Family:
        """Apply *edit* to the family as it is, again where somebody else was first; None leaves it."""
        for _ in range(_ATTEMPTS):
            version, family = self.read(id)
            edited = edit(family)
            if edited is None or edited == family:
                return family
            if self.swap(version, edited):
                return edited
        raise ConflictError("record_changed", f"the state of {id} kept changing", hint="try again")

    def _key(self, id: str) -> bytes:
        return FAMILIES.key(self._records.keys.blind("auth profile", id))


def _whole(id: str, row: Row[Family]) -> Family:
    if row.damaged or (row.value is not None and row.value.id != id):
        raise IntegrityError(
            "family_damaged", f"the record of the tokens of {id} is damaged", hint="log in again"
        )
    return row.value or Family(id=id)


def _encoded(family: Family) -> bytes:
    return msgspec.json.encode(_Document(format=_FORMAT, family=family))


def decoded(document: bytes) -> Family | None:
    """The family in *document*; None if it cannot be understood."""
    try:
        found = decode_json(document, _Document)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return found.family if found.format == _FORMAT else None

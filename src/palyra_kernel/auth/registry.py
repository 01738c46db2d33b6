"""The profiles that a vault knows, as records; nothing here is secret."""

from __future__ import annotations

from functools import cached_property

import msgspec

from palyra_kernel.auth.profile import Profile
from palyra_kernel.errors import ConflictError, InvalidInputError, NotFoundError, PalyraError
from palyra_kernel.records import Change, Namespace, Records
from palyra_kernel.records.shelf import Row, Shelf
from palyra_kernel.values.decoding import decode_json

PROFILES = Namespace("auth_profiles", guarded=True)
MAX_PROFILES = 100_000
_FORMAT = 1


class _Document(msgspec.Struct, frozen=True, kw_only=True):
    format: int
    profile: Profile


class Snapshot:
    """All profiles at one moment. The same object as long as none changed."""

    def __init__(self, rows: dict[bytes, Row[Profile]]) -> None:
        self.profiles = tuple(
            sorted((row.value for row in rows.values() if row.value is not None), key=lambda each: each.id)
        )
        """By id."""
        self.damaged = sum(row.damaged for row in rows.values())
        """How many records cannot be understood. The others work."""

    @cached_property
    def by_id(self) -> dict[str, Profile]:
        """The same by id."""
        return {profile.id: profile for profile in self.profiles}


class Registry:
    """Reads profiles; plans changes, commits none."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._shelf = Shelf(records, PROFILES, decoded)
        self._seen: tuple[object, Snapshot] | None = None

    def snapshot(self) -> Snapshot:
        """All profiles, compared with the set-hash; read again only where one changed. Raises
        :class:`IntegrityError` ``set_tampered``."""
        rows = self._shelf.all()
        seen = self._seen  # one read: another thread may replace it meanwhile
        if seen is None or seen[0] is not rows:
            seen = self._seen = rows, Snapshot(dict(rows))
        return seen[1]

    def find(self, id: str) -> Profile:
        """The profile *id*. Raises :class:`NotFoundError` ``profile_missing``."""
        found = self.snapshot().by_id.get(id)
        if found is None:
            raise NotFoundError(
                "profile_missing", f"there is no profile {id[:128]!r}", hint="palyra auth profiles list"
            )
        return found

    def row(self, id: str) -> Row[Profile]:
        """The record of the profile *id* as it is now."""
        return self._shelf.row(self.key(id))

    def plan_save(
        self, change: Change, profile: Profile, *, now_ms: int, expected_ms: int | None = None
    ) -> Profile:
        """Add to *change*: *profile* is known, or what was known by its id is this from now on; return it with its
        times. *expected_ms*: what ``updated_at_ms`` has to be, 0 for a profile that must be new. A new profile that has
        times, of a document, keeps them.

        Raises :class:`ConflictError` ``profile_changed``, ``other_provider``, ``other_scope``;
        :class:`InvalidInputError` ``too_many_profiles``.
        """
        row = self.row(profile.id)
        old = row.value
        if expected_ms is not None and expected_ms != (old.updated_at_ms if old else 0):
            raise ConflictError(
                "profile_changed", f"the profile {profile.id} changed meanwhile", hint="read it again"
            )
        if old is None and len(self.snapshot().profiles) >= MAX_PROFILES:
            raise InvalidInputError("too_many_profiles", f"there are {MAX_PROFILES} profiles already")
        if old is not None:
            check_same(old, profile)
        saved = _dated(profile, old, now_ms)
        document = msgspec.json.encode(_Document(format=_FORMAT, profile=saved))
        self._shelf.replace(change, self.key(profile.id), row.version, document)
        return saved

    def plan_delete(self, change: Change, id: str) -> Profile:
        """Add to *change*: there is no profile *id* any more. Raises :class:`NotFoundError` ``profile_missing``."""
        profile, row = self.find(id), self.row(id)
        self._shelf.replace(change, self.key(id), row.version, None)
        return profile

    def key(self, id: str) -> bytes:
        """The record key of the profile *id*."""
        return PROFILES.key(self._records.keys.blind("auth profile", id))


def _dated(new: Profile, old: Profile | None, now_ms: int) -> Profile:
    if old is not None:
        created, updated = old.created_at_ms, max(now_ms, old.updated_at_ms + 1)
    else:
        created = new.created_at_ms if 0 < new.created_at_ms <= now_ms else now_ms
        updated = new.updated_at_ms if created <= new.updated_at_ms <= now_ms else now_ms
    return msgspec.structs.replace(new, created_at_ms=created, updated_at_ms=updated)


def check_same(old: Profile, new: Profile) -> None:
    """An id that means another credential from now on would send a key where nobody meant it to go."""
    for name, what in (
        ("provider", "other_provider"),
        ("scope", "other_scope"),
        ("kind", "other_credential"),
    ):
        if getattr(old, name) != getattr(new, name):
            raise ConflictError(
                what, f"the profile {old.id} has another {name}", hint="delete it first, or take another id"
            )


def decoded(document: bytes) -> Profile | None:
    """The profile in *document*; None if it cannot be understood."""
    try:
        found = decode_json(document, _Document)
    except (msgspec.DecodeError, UnicodeDecodeError, PalyraError):
        return None
    return found.profile if found.format == _FORMAT else None

"""What is told about a secret without opening it."""

from __future__ import annotations

from datetime import datetime

import msgspec

from palyra_kernel.values.ids import to_datetime
from palyra_kernel.values.refs import VaultRef
from palyra_kernel.vault.entry import Entry, Version


class SecretMetadata(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The newest version of a secret: ``size`` in bytes, times in UTC to the millisecond."""

    ref: VaultRef
    version: int
    size: int
    created_at: datetime
    updated_at: datetime
    labels: dict[str, str]
    content_type: str | None = None
    expires_at: datetime | None = None
    deleted_at: datetime | None = None


class SecretVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a history. ``state`` is ``current``, ``kept``, ``expired``, ``deleted`` or ``destroyed``."""

    version: int
    size: int
    created_at: datetime
    state: str
    content_type: str | None = None
    expires_at: datetime | None = None


class SecretPage(list[SecretMetadata]):
    """A list of metadata; ``next_cursor`` continues it, None at its end."""

    next_cursor: str | None = None


def metadata_of(ref: VaultRef, entry: Entry) -> SecretMetadata:
    """The metadata of the newest version."""
    current = entry.versions[0]
    return SecretMetadata(
        ref=ref,
        version=current.number,
        size=current.size,
        created_at=to_datetime(entry.created_at_ms),
        updated_at=to_datetime(current.created_at_ms),
        labels=dict(entry.labels),  # the entry is kept, and this is the caller's
        content_type=current.content_type,
        expires_at=_moment(current.expires_at_ms),
        deleted_at=_moment(entry.deleted_at_ms),
    )


def history_of(entry: Entry, now: int) -> list[SecretVersion]:
    """All versions that are still listed, newest first."""
    return [
        SecretVersion(
            version=version.number,
            size=version.size,
            created_at=to_datetime(version.created_at_ms),
            state=_state(entry, version, now),
            content_type=version.content_type,
            expires_at=_moment(version.expires_at_ms),
        )
        for version in entry.versions
    ]


def _state(entry: Entry, version: Version, now: int) -> str:
    if not version.object_id:
        return "destroyed"
    if entry.deleted_at_ms is not None:
        return "deleted"
    if version.expired(now):
        return "expired"
    return "current" if version is entry.current else "kept"


def _moment(ms: int | None) -> datetime | None:
    return None if ms is None else to_datetime(ms)

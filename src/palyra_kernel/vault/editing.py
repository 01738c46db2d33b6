"""How an entry changes: pure functions from entry to entry."""

from __future__ import annotations

from collections.abc import Collection

from msgspec.structs import replace

from palyra_kernel.errors import NotFoundError
from palyra_kernel.values.refs import VaultRef
from palyra_kernel.vault.entry import FORMAT, Entry, Version


def next_number(entry: Entry | None) -> int:
    """The number of the version that comes next."""
    return 1 if entry is None else entry.current.number + 1


def with_version(
    ref: VaultRef, entry: Entry | None, version: Version, labels: dict[str, str] | None, keep: int
) -> tuple[Entry, list[str]]:
    """Add *version* as the newest, undelete, and keep *keep* versions; also return the object ids that fall out."""
    if entry is None:
        fresh = Entry(FORMAT, str(ref.scope), ref.key, version.created_at_ms, None, labels or {}, (version,))
        return fresh, []
    versions = (version, *entry.versions)
    dropped = [old.object_id for old in versions[keep:] if old.object_id]
    kept_labels = entry.labels if labels is None else labels
    return replace(entry, deleted_at_ms=None, labels=kept_labels, versions=versions[:keep]), dropped


def deleted(entry: Entry, now: int) -> Entry:
    """Tombstone: not readable, versions kept."""
    return replace(entry, deleted_at_ms=now)


def undeleted(entry: Entry) -> Entry:
    """Take the tombstone away."""
    return replace(entry, deleted_at_ms=None)


def destroyed(ref: VaultRef, entry: Entry, numbers: Collection[int]) -> tuple[Entry, list[str]]:
    """Forget where *numbers* are stored; also return their object ids. The versions stay in the history."""
    known = {version.number for version in entry.versions}
    missing = sorted(set(numbers) - known)
    if missing:
        raise NotFoundError("version_missing", f"{ref} has no version {missing[0]}", hint="see its history")
    gone = [
        version.object_id for version in entry.versions if version.number in numbers and version.object_id
    ]
    versions = tuple(
        replace(version, object_id="", sha256=b"") if version.number in numbers else version
        for version in entry.versions
    )
    return replace(entry, versions=versions), gone

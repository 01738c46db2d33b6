"""What each mutation would change: a room plans and returns a Change, whoever acts commits it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import nullcontext
from typing import Generic, NamedTuple, TypeVar

from palyra_kernel.errors import ConflictError
from palyra_kernel.records import Change, Records
from palyra_kernel.values.ids import now_ms
from palyra_kernel.values.refs import VaultRef
from palyra_kernel.vault import editing
from palyra_kernel.vault.collect import never_marked
from palyra_kernel.vault.entry import Entry
from palyra_kernel.vault.index import Found, drop_entry, put_entry
from palyra_kernel.vault.metadata import SecretMetadata, metadata_of
from palyra_kernel.vault.objects import Objects, Value
from palyra_kernel.vault.reading import Reader

_T = TypeVar("_T")
_ATTEMPTS = 8


class Plan(NamedTuple, Generic[_T]):
    """An act before its commit: the change, its result, envelopes stored for it, and those it makes unused."""

    change: Change
    result: _T
    fresh: Sequence[str] = ()
    unused: Sequence[str] = ()


class Put(NamedTuple):
    """One value to store, with what the caller expects to replace."""

    ref: VaultRef
    value: Value
    labels: dict[str, str] | None = None
    content_type: str | None = None
    expires_at_ms: int | None = None
    expected_version: int | None = None
    create_only: bool = False


class Planner:
    """Plans mutations. Envelopes of a plan are stored already, under ids that nothing refers to yet."""

    def __init__(self, reader: Reader, objects: Objects, *, versions_kept: int) -> None:
        self._reader = reader
        self._objects = objects
        self._keep = versions_kept

    def puts(self, items: Sequence[Put]) -> Plan[Sequence[SecretMetadata]]:
        """Store several values as the next versions of their secrets."""
        change = Change()
        blobs: dict[str, bytes] = {}
        results: list[SecretMetadata] = []
        unused: list[str] = []
        for item in items:
            found = self._reader.index.find(item.ref)
            _check_expected(item.ref, found.entry, item.expected_version, create_only=item.create_only)
            number = editing.next_number(found.entry)
            version, blob = self._objects.seal(
                change, item.ref, number, item.value, item.content_type, item.expires_at_ms
            )
            entry, dropped = editing.with_version(item.ref, found.entry, version, item.labels, self._keep)
            blobs[version.object_id] = blob
            never_marked(change, version.object_id)
            put_entry(change, found, entry)
            results.append(metadata_of(item.ref, entry))
            unused += dropped
        self._objects.store(blobs, change)
        return Plan(change, results, tuple(blobs), unused)

    def delete(self, ref: VaultRef, expected_version: int | None) -> Plan[bool]:
        """Put a tombstone on a secret; False if there is none to delete."""
        found = self._reader.index.find(ref)
        _check_expected(ref, found.entry, expected_version, create_only=False)
        if found.entry is None or found.entry.deleted_at_ms is not None:
            return Plan(Change(), result=False)
        return _replaced(found, editing.deleted(found.entry, now_ms()), True)

    def undelete(self, ref: VaultRef) -> Plan[SecretMetadata]:
        """Take the tombstone away."""
        found, entry = self._reader.existing(ref)
        if entry.deleted_at_ms is None:
            raise ConflictError("not_deleted", f"{ref} is not deleted")
        restored = editing.undeleted(entry)
        return _replaced(found, restored, metadata_of(ref, restored))

    def rollback(self, ref: VaultRef, version: int) -> Plan[Sequence[SecretMetadata]]:
        """Store the value of an older version again."""
        wanted = VaultRef(ref.scope, ref.key, version=version)
        old = self._reader.entry(ref).select(wanted, now_ms())
        with self._reader.get(wanted) as value:
            return self.puts([Put(ref, value, None, old.content_type, old.expires_at_ms)])

    def destroy(self, ref: VaultRef, versions: Collection[int] | None) -> Plan[Sequence[str]]:
        """Forget where payloads are; the result is their ids, to be deleted after the commit."""
        found, entry = self._reader.existing(ref)
        numbers = [version.number for version in entry.versions] if versions is None else versions
        changed, gone = editing.destroyed(ref, entry, numbers)
        change = Change()
        self._objects.stay(change)  # or what is destroyed here would live on elsewhere
        if versions is not None:
            put_entry(change, found, changed)
        else:
            drop_entry(change, found)
        return Plan(change, gone)


Beside = Callable[[object], Change]
"""From the result of a mutation to what is committed together with it."""


def act(records: Records, objects: Objects, plan: Callable[[], Plan[_T]], beside: Beside | None = None) -> _T:
    """Plan and commit; when somebody else was first, plan again, and from then on without competition."""
    for attempt in range(_ATTEMPTS):
        with records.exclusive() if attempt else nullcontext():
            planned = plan()
            try:
                if beside is not None:
                    _join(objects, planned, beside)
                records.commit(planned.change)
            except ConflictError as error:
                objects.drop(planned.fresh)
                if error.code != "record_changed":
                    raise  # what stands beside it says no, and would again
                objects.refresh()  # it may have been a rotation of the keys, or a move to another backend
                continue
        objects.drop(planned.unused)
        return planned.result
    raise ConflictError("record_changed", "the secret kept changing under this write", hint="try again")


def _join(objects: Objects, planned: Plan[_T], beside: Beside) -> None:
    try:
        planned.change.merge(beside(planned.result))
    except BaseException:
        planned.change.wipe()
        objects.drop(planned.fresh)  # nothing was committed
        raise


def _replaced(found: Found, entry: Entry, result: _T) -> Plan[_T]:
    change = Change()
    put_entry(change, found, entry)
    return Plan(change, result)


def _check_expected(ref: VaultRef, entry: Entry | None, expected: int | None, *, create_only: bool) -> None:
    there = entry is not None and entry.deleted_at_ms is None
    if create_only and there:
        raise ConflictError(
            "exists", f"{ref} exists already", hint="leave create-only out to store a new version"
        )
    if expected is not None:
        current = entry.current.number if entry is not None and (there or expected) else 0
        if current != expected:
            raise ConflictError(
                "version_conflict",
                f"{ref} is at version {current}, not {expected}",
                hint="read it again, then decide",
            )

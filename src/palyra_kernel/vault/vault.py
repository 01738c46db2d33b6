"""The vault: secrets in scopes, versioned, durable when acknowledged. Mechanism; who may do what is decided above."""

from __future__ import annotations

import builtins  # `list` is a method here
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar

from palyra_kernel.errors import ConflictError, IntegrityError, InvalidInputError, NotFoundError
from palyra_kernel.records import Change, Records
from palyra_kernel.values.ids import now_ms
from palyra_kernel.values.refs import VaultRef
from palyra_kernel.values.scopes import VaultScope
from palyra_kernel.values.sensitive import SensitiveBytes
from palyra_kernel.vault import editing
from palyra_kernel.vault.collect import GcReport, collect, never_marked
from palyra_kernel.vault.entry import Entry, check_content_type, check_labels
from palyra_kernel.vault.fields import pick_field
from palyra_kernel.vault.index import Found, Index, put_entry
from palyra_kernel.vault.listing import list_secrets
from palyra_kernel.vault.metadata import SecretMetadata, SecretPage, SecretVersion, history_of, metadata_of
from palyra_kernel.vault.objects import Objects, Value

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


class Vault:
    """Secrets of one vault. Every method takes a reference as text or :class:`VaultRef`.

    Errors, besides those named at a method: :class:`InvalidInputError` (malformed input), :class:`UnavailableError`
    (backend, lock or disk), :class:`IntegrityError` (tampered, damaged or rolled back). A mutation that raised has
    changed nothing, except when the error says ``unavailable`` after the commit: then the new value may be there.
    """

    def __init__(self, records: Records, index: Index, objects: Objects, *, versions_kept: int) -> None:
        self._records = records
        self._index = index
        self._objects = objects
        self._keep = versions_kept

    def put(
        self,
        ref: str | VaultRef,
        value: Value,
        *,
        labels: Mapping[str, str] | None = None,
        content_type: str | None = None,
        expires_at: datetime | None = None,
        expected_version: int | None = None,
        create_only: bool = False,
    ) -> SecretMetadata:
        """Store *value* as the next version; durable when it returns.

        *labels* replace the present ones (None keeps them). *expires_at* is an aware time and holds for this
        version. *expected_version* must be the current version (0: there is no such secret); *create_only* refuses
        to replace a secret that is there. Raises :class:`ConflictError` ``version_conflict`` or ``exists``, and
        :class:`InvalidInputError` ``value_too_large`` (default limit: 65,536 bytes).
        """
        item = Put(
            _bare(ref),
            value,
            None if labels is None else check_labels(labels),
            check_content_type(content_type),
            _expiry_ms(expires_at),
            expected_version,
            create_only,
        )
        (metadata,) = self._act(lambda: self._plan_puts([item]))
        return metadata

    def put_many(
        self, values: Mapping[str | VaultRef, Value], *, create_only: bool = False
    ) -> Sequence[SecretMetadata]:
        """Store several values, all or nothing, with one commit for all of them."""
        items = [Put(_bare(ref), value, create_only=create_only) for ref, value in values.items()]
        if len({item.ref for item in items}) != len(items):
            raise InvalidInputError("duplicate_reference", "two references of the batch name one secret")
        return self._act(lambda: self._plan_puts(items)) if items else []

    def get(self, ref: str | VaultRef) -> SensitiveBytes:
        """Return the value that *ref* means; use it in a ``with`` block, which wipes it.

        Raises :class:`NotFoundError` ``secret_missing``, ``deleted``, ``expired``, ``destroyed``,
        ``version_missing`` or ``field_missing``.
        """
        parsed = VaultRef.parse(ref)
        missing = None
        while True:
            version = self._entry(parsed).select(parsed, now_ms())
            blob = self._objects.fetch((version.object_id,)).get(version.object_id)
            if blob is not None:
                break
            if (
                missing == version.object_id
            ):  # twice: it was not a version that was dropped between the two reads
                raise _blob_missing(parsed)
            missing = version.object_id
        return _field(parsed, self._objects.open(parsed, version, blob))

    def get_many(self, refs: Iterable[str | VaultRef]) -> dict[str | VaultRef, SensitiveBytes]:
        """Return the values of *refs*, each under the reference as it was given; all, or an error."""
        wanted = [(given, VaultRef.parse(given)) for given in refs]
        now = now_ms()
        versions = [self._entry(ref).select(ref, now) for _, ref in wanted]
        blobs = self._objects.fetch([version.object_id for version in versions]) if versions else {}
        values: dict[str | VaultRef, SensitiveBytes] = {}
        try:
            for (given, ref), version in zip(wanted, versions, strict=True):
                blob = blobs.get(version.object_id)
                # A version that was dropped meanwhile is read again on its own.
                opened = (
                    self.get(ref) if blob is None else _field(ref, self._objects.open(ref, version, blob))
                )
                values[given] = opened
        except BaseException:
            for secret in values.values():
                secret.wipe()
            raise
        return values

    def stat(self, ref: str | VaultRef) -> SecretMetadata:
        """Return the metadata of a secret, deleted and expired ones included. Nothing is decrypted but its name."""
        bare = _bare(ref)
        return metadata_of(bare, self._entry(bare))

    def list(
        self,
        scope: str | VaultScope | None = "global",
        *,
        prefix: str = "",
        labels: Mapping[str, str] | None = None,
        deleted: bool = False,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> SecretPage:
        """Return metadata of the secrets of *scope* (None: of all scopes but the kernel's own) whose key starts
        with *prefix* and which have all *labels*; with *deleted*, those with a tombstone too.

        The order is stable but not alphabetical. With *limit* (1 or more) the page has a ``next_cursor``.
        """
        parsed = scope if scope is None or isinstance(scope, VaultScope) else VaultScope.parse(scope)
        return list_secrets(
            self._index, parsed, prefix=prefix, labels=labels, deleted=deleted, cursor=cursor, limit=limit
        )

    def history(self, ref: str | VaultRef) -> Sequence[SecretVersion]:
        """Return the versions of a secret, newest first, deleted and destroyed ones included."""
        return history_of(self._entry(_bare(ref)), now_ms())

    def delete(self, ref: str | VaultRef, *, expected_version: int | None = None) -> bool:
        """Put a tombstone on a secret; its versions are kept. False if there was none to delete."""
        bare = _bare(ref)

        def plan() -> Plan[bool]:
            found = self._index.find(bare)
            _check_expected(bare, found.entry, expected_version, create_only=False)
            if found.entry is None or found.entry.deleted_at_ms is not None:
                return Plan(Change(), result=False)
            return _plan_entry(found, editing.deleted(found.entry, now_ms()), True)

        return self._act(plan)

    def undelete(self, ref: str | VaultRef) -> SecretMetadata:
        """Take the tombstone away. Raises :class:`NotFoundError` ``secret_missing``, :class:`ConflictError`
        ``not_deleted``."""
        bare = _bare(ref)

        def plan() -> Plan[SecretMetadata]:
            found, entry = self._existing(bare)
            if entry.deleted_at_ms is None:
                raise ConflictError("not_deleted", f"{bare} is not deleted")
            restored = editing.undeleted(entry)
            return _plan_entry(found, restored, metadata_of(bare, restored))

        return self._act(plan)

    def rollback(self, ref: str | VaultRef, version: int) -> SecretMetadata:
        """Store the value of an older *version* again, as the next version."""
        bare = _bare(ref)
        wanted = VaultRef(bare.scope, bare.key, version=version)

        def plan() -> Plan[Sequence[SecretMetadata]]:
            old = self._entry(bare).select(wanted, now_ms())
            with self.get(wanted) as value:
                return self._plan_puts([Put(bare, value, None, old.content_type, old.expires_at_ms)])

        (metadata,) = self._act(plan)
        return metadata

    def destroy(self, ref: str | VaultRef, versions: Collection[int] | None = None) -> int:
        """Destroy the payload of *versions*; without them the whole secret, name and history included.

        Returns how many payloads were destroyed. What the disk keeps in free blocks, snapshots and backups is out
        of reach; the data encryption key dies with the envelope.
        """
        bare = _bare(ref)

        def plan() -> Plan[Sequence[str]]:
            found, entry = self._existing(bare)
            numbers = [version.number for version in entry.versions] if versions is None else versions
            changed, gone = editing.destroyed(bare, entry, numbers)
            if versions is not None:
                return _plan_entry(found, changed, gone)
            change = Change()
            change.check(found.record_key, found.record_version)
            change.delete(found.record_key)
            return Plan(change, gone)

        gone = self._act(plan)
        self._objects.delete(gone)
        return len(gone)

    def gc(self, *, grace_seconds: float = 3600.0) -> GcReport:
        """Delete envelopes that have been unreferenced for *grace_seconds*, and mark the new ones."""
        return collect(self._records, self._objects, grace_ms=int(grace_seconds * 1000))

    def _act(self, plan: Callable[[], Plan[_T]]) -> _T:
        """Plan and commit; when somebody else was first, plan again, and from then on without competition."""
        for attempt in range(_ATTEMPTS):
            with self._records.exclusive() if attempt else nullcontext():
                act = plan()
                try:
                    self._records.commit(act.change)
                except ConflictError:
                    self._objects.drop(act.fresh)
                    continue
            if act.unused:
                self._objects.drop(act.unused)
            return act.result
        raise ConflictError("record_changed", "the secret kept changing under this write", hint="try again")

    def _plan_puts(self, items: Sequence[Put]) -> Plan[Sequence[SecretMetadata]]:
        change = Change()
        blobs: dict[str, bytes] = {}
        results = []
        unused: builtins.list[str] = []
        for item in items:
            found = self._index.find(item.ref)
            _check_expected(item.ref, found.entry, item.expected_version, create_only=item.create_only)
            number = editing.next_number(found.entry)
            version, blob = self._objects.seal(
                item.ref, number, item.value, item.content_type, item.expires_at_ms
            )
            entry, dropped = editing.with_version(item.ref, found.entry, version, item.labels, self._keep)
            blobs[version.object_id] = blob
            never_marked(change, version.object_id)
            put_entry(change, found, entry)
            results.append(metadata_of(item.ref, entry))
            unused += dropped
        self._objects.store(blobs)
        return Plan(change, results, tuple(blobs), unused)

    def _existing(self, ref: VaultRef) -> tuple[Found, Entry]:
        found = self._index.find(ref)
        if found.entry is None:
            raise NotFoundError(
                "secret_missing", f"there is no secret {ref.bare}", hint="palyra secrets list"
            )
        return found, found.entry

    def _entry(self, ref: VaultRef) -> Entry:
        return self._existing(ref)[1]


def _plan_entry(found: Found, entry: Entry, result: _T) -> Plan[_T]:
    change = Change()
    put_entry(change, found, entry)
    return Plan(change, result)


def _bare(ref: str | VaultRef) -> VaultRef:
    parsed = VaultRef.parse(ref)
    if parsed.version is not None or parsed.field is not None:
        raise InvalidInputError("invalid_reference", "this needs a reference without ?version= and #field")
    return parsed


def _field(ref: VaultRef, secret: SensitiveBytes) -> SensitiveBytes:
    if ref.field is None:
        return secret
    with secret:
        return pick_field(secret, ref.field)


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


def _expiry_ms(moment: datetime | None) -> int | None:
    if moment is None:
        return None
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise InvalidInputError("invalid_expiry", "an expiry is a datetime with a time zone")
    try:
        return int(moment.timestamp() * 1000)
    except (ValueError, OverflowError):
        raise InvalidInputError("invalid_expiry", "the expiry is out of range") from None


def _blob_missing(ref: VaultRef) -> IntegrityError:
    return IntegrityError(
        "blob_missing",
        f"the stored value of {ref.bare} is gone",
        hint="restore it from a backup, `palyra secrets rollback` to an older version, or store it again",
    )

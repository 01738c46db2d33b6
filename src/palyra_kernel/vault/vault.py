"""The vault: secrets in scopes, versioned, durable when acknowledged. Mechanism; who may do what is decided above."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from copy import copy
from datetime import datetime
from typing import TypeVar

from palyra_kernel.errors import InvalidInputError
from palyra_kernel.records import Records
from palyra_kernel.values.ids import now_ms
from palyra_kernel.values.refs import VaultRef
from palyra_kernel.values.scopes import VaultScope
from palyra_kernel.values.sensitive import SensitiveBytes
from palyra_kernel.vault.collect import GcReport, collect
from palyra_kernel.vault.entry import check_content_type, check_labels
from palyra_kernel.vault.index import Index
from palyra_kernel.vault.listing import list_secrets
from palyra_kernel.vault.metadata import SecretMetadata, SecretPage, SecretVersion, history_of, metadata_of
from palyra_kernel.vault.objects import Objects, Value
from palyra_kernel.vault.planning import Beside, Plan, Planner, Put, act
from palyra_kernel.vault.reading import Reader

_T = TypeVar("_T")


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
        self._reader = Reader(index, objects)
        self._beside: Beside | None = None
        self._plans = Planner(self._reader, objects, versions_kept=versions_kept)

    def beside(self, beside: Beside) -> Vault:
        """The same vault, whose mutations are committed together with what *beside* plans from their result.

        *beside* is asked again where a commit is planned again. If it raises, nothing is changed.
        """
        other = copy(self)
        other._beside = beside
        return other

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
        (metadata,) = self._act(lambda: self._plans.puts([item]))
        return metadata

    def put_many(
        self, values: Mapping[str | VaultRef, Value], *, create_only: bool = False
    ) -> Sequence[SecretMetadata]:
        """Store several values, all or nothing, with one commit for all of them."""
        items = [Put(_bare(ref), value, create_only=create_only) for ref, value in values.items()]
        if len({item.ref for item in items}) != len(items):
            raise InvalidInputError("duplicate_reference", "two references of the batch name one secret")
        return self._act(lambda: self._plans.puts(items)) if items else []

    def get(self, ref: str | VaultRef) -> SensitiveBytes:
        """Return the value that *ref* means; use it in a ``with`` block, which wipes it.

        Raises :class:`NotFoundError` ``secret_missing``, ``deleted``, ``expired``, ``destroyed``,
        ``version_missing`` or ``field_missing``.
        """
        return self._reader.get(VaultRef.parse(ref))

    def get_many(self, refs: Iterable[str | VaultRef]) -> dict[str | VaultRef, SensitiveBytes]:
        """Return the values of *refs*, each under the reference as it was given; all, or an error."""
        return self._reader.get_many(refs)

    def check(self, ref: str | VaultRef) -> None:
        """Raise what :meth:`get` would raise because of the index: missing, deleted, expired, destroyed. Nothing is
        decrypted but names."""
        parsed = VaultRef.parse(ref)
        self._reader.entry(parsed).select(parsed, now_ms())

    def stat(self, ref: str | VaultRef) -> SecretMetadata:
        """Return the metadata of a secret, deleted and expired ones included. Nothing is decrypted but its name."""
        bare = _bare(ref)
        return metadata_of(bare, self._reader.entry(bare))

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
        return history_of(self._reader.entry(_bare(ref)), now_ms())

    def delete(self, ref: str | VaultRef, *, expected_version: int | None = None) -> bool:
        """Put a tombstone on a secret; its versions are kept. False if there was none to delete."""
        bare = _bare(ref)
        return self._act(lambda: self._plans.delete(bare, expected_version))

    def undelete(self, ref: str | VaultRef) -> SecretMetadata:
        """Take the tombstone away. Raises :class:`NotFoundError` ``secret_missing``, :class:`ConflictError`
        ``not_deleted``."""
        bare = _bare(ref)
        return self._act(lambda: self._plans.undelete(bare))

    def rollback(self, ref: str | VaultRef, version: int) -> SecretMetadata:
        """Store the value of an older *version* again, as the next version."""
        bare = _bare(ref)
        (metadata,) = self._act(lambda: self._plans.rollback(bare, version))
        return metadata

    def destroy(self, ref: str | VaultRef, versions: Collection[int] | None = None) -> int:
        """Destroy the payload of *versions*; without them the whole secret, name and history included.

        Returns how many payloads were destroyed. What the disk keeps in free blocks, snapshots and backups is out
        of reach; the data encryption key dies with the envelope.
        """
        bare = _bare(ref)
        gone = self._act(lambda: self._plans.destroy(bare, versions))
        self._objects.delete(gone)
        return len(gone)

    def gc(self, *, grace_seconds: float = 3600.0) -> GcReport:
        """Delete envelopes that have been unreferenced for *grace_seconds*, and mark the new ones."""
        return collect(self._records, self._objects, grace_ms=int(grace_seconds * 1000))

    def _act(self, plan: Callable[[], Plan[_T]]) -> _T:
        return act(self._records, self._objects, plan, self._beside)


def _bare(ref: str | VaultRef) -> VaultRef:
    parsed = VaultRef.parse(ref)
    if parsed.version is not None or parsed.field is not None:
        raise InvalidInputError("invalid_reference", "this needs a reference without ?version= and #field")
    return parsed


def _expiry_ms(moment: datetime | None) -> int | None:
    if moment is None:
        return None
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise InvalidInputError("invalid_expiry", "an expiry is a datetime with a time zone")
    try:
        return int(moment.timestamp() * 1000)
    except (ValueError, OverflowError):
        raise InvalidInputError("invalid_expiry", "the expiry is out of range") from None

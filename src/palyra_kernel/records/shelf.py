"""A guarded namespace as one reads it again and again: compared with its set-hash, decoded once a version."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Generic, NamedTuple, TypeVar

from palyra_kernel.contracts.records import StoredRecord
from palyra_kernel.errors import IntegrityError
from palyra_kernel.records.change import Change
from palyra_kernel.records.guard import SetState
from palyra_kernel.records.namespaces import Namespace
from palyra_kernel.records.records import Records

T = TypeVar("T")


class Row(NamedTuple, Generic[T]):
    """A record and its version; ``value`` None where it is deleted, or ``damaged``: it does not decode."""

    version: int
    value: T | None
    damaged: bool = False


class Shelf(Generic[T]):
    """All records of *namespace*. *decode* returns None for a document that it refuses: one bad record must not take
    the others along. Any number of threads may share it."""

    def __init__(self, records: Records, namespace: Namespace, decode: Callable[[bytes], T | None]) -> None:
        self._records = records
        self._namespace = namespace
        self._decode = decode
        self._rows: dict[bytes, Row[T]] = {}
        self._state: tuple[SetState | None] | None = None

    def all(self) -> Mapping[bytes, Row[T]]:
        """Every live record by its key: the same object as long as nothing changed.

        Raises :class:`IntegrityError` ``set_tampered`` if they are not the ones that were written last.
        """
        state = self._records.set_state(self._namespace)
        if self._state is None or self._state[0] != state:
            old = self._rows
            found = self._records.load_guarded(self._namespace)
            self._rows = {stored.key: self._row(stored, old.get(stored.key)) for stored in found}
            self._state = (state,)
        return self._rows

    def row(self, key: bytes) -> Row[T]:
        """The record of *key* as it is now: version 0 if it was never written. Without the comparison of all; but one
        that went back behind what was seen before is an :class:`IntegrityError` ``set_tampered``."""
        stored = self._records.store.get(key)
        if stored is None:
            self._records.check_epoch()  # under another root key other names are in use
            return Row(0, None)
        known = self._rows.get(key)
        if known is not None and known.version > stored.version:
            raise IntegrityError(
                "set_tampered",
                f"a {self._namespace.name} record is older than it was",
                hint="restore the state root from a backup",
            )
        row = self._row(stored, known)
        self._rows[key] = row
        return row

    def _row(self, stored: StoredRecord, known: Row[T] | None) -> Row[T]:
        if stored.value is None:  # it keeps the version that it had
            return Row(stored.version, None)
        if known is not None and known.version == stored.version:
            return known
        value = self._decode(self._records.open(stored))
        return Row(stored.version, value, damaged=value is None)

    def replace(self, change: Change, key: bytes, version: int, document: bytes | None) -> None:
        """Add to *change*: *key*, still at *version*, gets *document*; None: it is deleted."""
        change.check(key, version)
        if document is None:
            change.delete(key)
        else:
            change.put(key, document)

"""Reading everything: does each record open, and is each guarded namespace the one that was written last?"""

from __future__ import annotations

from collections.abc import Iterator

from palyra_kernel.contracts.records import StoredRecord
from palyra_kernel.errors import IntegrityError
from palyra_kernel.records.guard import SetHash
from palyra_kernel.records.namespaces import HEAD_KEY, guarded_name
from palyra_kernel.records.records import Records
from palyra_kernel.values.findings import Finding

_OPTIMISTIC = 2


def verify_records(records: Records) -> list[Finding]:
    """Return what is wrong with the store, its records and its head; nothing if all is well.

    Reads without stopping writers; if they are too busy for a consistent look, it stops them for one.
    """
    findings = [_error("store_damaged", "record store", problem) for problem in records.store.check()]
    for _ in range(_OPTIMISTIC):
        before = records.check_head()
        found = list(_verify_once(records))
        if records.check_head() == before:
            return findings + found
    with records.exclusive():
        records.check_head()
        return findings + list(_verify_once(records))


def _verify_once(records: Records) -> Iterator[Finding]:
    document = records.head_document()
    expected = dict(document.sets) if document else {}
    actual: dict[str, SetHash] = {}
    for stored in records.stored(b""):
        name = guarded_name(stored.key)
        if name is not None:
            actual.setdefault(name, SetHash(records.keys)).add(stored)
        elif stored.key != HEAD_KEY and not stored.key.startswith(b"p/"):
            yield _error("unknown_record", "record store", "a record lies outside every namespace")
        if not _opens(records, stored):
            yield _error("record_tampered", name or "plain record", "a record was changed, moved or damaged")
    for name in sorted(expected.keys() | actual.keys()):
        state = actual.get(name, SetHash(records.keys)).state()
        if state != expected.get(name, SetHash(records.keys).state()):
            yield _error(
                "set_tampered", f"{name} records", "a record was added, removed, replaced or rolled back"
            )


def _opens(records: Records, stored: StoredRecord) -> bool:
    try:
        records.read_secret(stored).wipe()
    except IntegrityError:
        return False
    return True


def _error(code: str, subject: str, message: str) -> Finding:
    return Finding(
        severity="error",
        code=code,
        subject=subject,
        message=message,
        hint="restore the state root from a backup",
    )

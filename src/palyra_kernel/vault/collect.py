"""Garbage: envelopes that no entry refers to, left by writes that were killed or refused.

An unreferenced id is marked first and deleted in a pass at least an hour later, if the index, read again after the
marks, still does not refer to it. A write may not commit an id that was ever marked (its commit checks, under the
write lock, that no mark was written): so between the two readings nothing can come to refer to it, no lock is held
while the index is read, and neither a write that was suspended for a day nor a clock that jumped costs a live value.
"""

from __future__ import annotations

import msgspec

from palyra_kernel.errors import UnavailableError
from palyra_kernel.records import Change, Namespace, Records
from palyra_kernel.values.decoding import decode_json
from palyra_kernel.values.ids import now_ms
from palyra_kernel.vault.entry import decode_entry
from palyra_kernel.vault.index import SECRETS
from palyra_kernel.vault.objects import Objects

MARKS = Namespace("gc", guarded=False)
GRACE_MS = 3_600_000
_BATCH = 500


class GcReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a pass did: ``marked`` ids wait for a later pass, ``deleted`` ones are gone, ``waiting`` are too young."""

    marked: int
    deleted: int
    waiting: int


class _Mark(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    marked_at_ms: int


def collect(records: Records, objects: Objects, *, grace_ms: int = GRACE_MS) -> GcReport:
    """Delete what was marked at least *grace_ms* milliseconds ago, then mark what is new."""
    objects.catch_up()
    if not objects.backend.capabilities().listable:
        raise UnavailableError(
            "not_listable", "the blob backend cannot list what it holds, so nothing can be collected"
        )
    objects.tidy()
    now = now_ms()
    deleted, waiting = _sweep(records, objects, now - grace_ms)
    marked = _mark(records, objects, now)
    return GcReport(marked=marked, deleted=deleted, waiting=waiting)


def never_marked(change: Change, object_id: str) -> None:
    """Let *change* apply only if the collector never marked *object_id*."""
    change.check(MARKS.key(object_id), 0)


def _referenced(records: Records) -> set[str]:
    """The ids that the index refers to. An index that was tampered with must not decide what is garbage: it raises."""
    entries = (decode_entry(records.open(stored)) for stored in records.load_guarded(SECRETS))
    return {version.object_id for entry in entries for version in entry.versions}


def _mark(records: Records, objects: Objects, now: int) -> int:
    listed = list(objects.listed())  # before the index: what is stored meanwhile is not in the list
    candidates = sorted(set(listed) - _referenced(records))
    document = msgspec.json.encode(_Mark(now))
    marked = 0
    for start in range(0, len(candidates), _BATCH):
        change = Change()
        with records.exclusive():  # another collector may be marking the same ids
            for object_id in candidates[start : start + _BATCH]:
                key = MARKS.key(object_id)
                if records.read(key).document is None:
                    change.put(key, document)
            marked += len(change.puts)
            if change.puts:
                records.commit(change)
    return marked


def _sweep(records: Records, objects: Objects, before: int) -> tuple[int, int]:
    marks = dict(_marks(records))
    due = sorted(object_id for object_id, marked_at in marks.items() if marked_at <= before)
    if not due:
        return 0, len(marks)
    referenced = _referenced(records)  # read after the marks: from then on an id can only become unreferenced
    dead = [object_id for object_id in due if object_id not in referenced]
    for start in range(0, len(due), _BATCH):
        batch = due[start : start + _BATCH]
        objects.delete([object_id for object_id in batch if object_id not in referenced])
        change = Change()
        for object_id in batch:
            change.delete(MARKS.key(object_id))
        records.commit(change)
    return len(dead), len(marks) - len(due)


def _marks(records: Records) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    after: bytes | None = None
    while page := records.scan(MARKS.prefix, after, 1000):
        for key, document in page:
            mark = decode_json(document, _Mark)
            found.append((key.removeprefix(MARKS.prefix).decode(), mark.marked_at_ms))
        after = page[-1][0]
    return found

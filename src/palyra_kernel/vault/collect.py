"""Garbage: envelopes that no entry refers to, left by writes that were killed or refused.

An unreferenced id is marked first and deleted in a pass at least an hour later, under the write lock, if it is
still unreferenced. A write may not commit an id that was ever marked (its commit checks that no mark was written),
so a write that was suspended for a day, or a clock that jumped, cannot make the collector take a live value.
"""

from __future__ import annotations

import msgspec

from palyra_kernel.errors import UnavailableError
from palyra_kernel.records import Change, Namespace, Records
from palyra_kernel.values.ids import now_ms
from palyra_kernel.vault.index import SECRETS, Index
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


def collect(records: Records, index: Index, objects: Objects, *, grace_ms: int = GRACE_MS) -> GcReport:
    """Delete what was marked at least *grace_ms* milliseconds ago, then mark what is new."""
    if not objects.backend.capabilities().listable:
        raise UnavailableError(
            "not_listable", "the blob backend cannot list what it holds, so nothing can be collected"
        )
    now = now_ms()
    deleted, waiting = _sweep(records, index, objects, now - grace_ms)
    marked = _mark(records, index, objects, now)
    return GcReport(marked=marked, deleted=deleted, waiting=waiting)


def never_marked(change: Change, object_id: str) -> None:
    """Let *change* apply only if the collector never marked *object_id*."""
    change.check(MARKS.key(object_id), 0)


def _referenced(index: Index) -> set[str]:
    return {version.object_id for entry in index.entries() for version in entry.versions}


def _mark(records: Records, index: Index, objects: Objects, now: int) -> int:
    listed = list(objects.listed())  # before the index: what is stored meanwhile is not in the list
    candidates = sorted(set(listed) - _referenced(index))
    document = msgspec.json.encode(_Mark(now))
    marked = 0
    for start in range(0, len(candidates), _BATCH):
        change = Change()
        for object_id in candidates[start : start + _BATCH]:
            key = MARKS.key(object_id)
            version, present = records.read(key)
            if present is None:
                change.check(key, version)
                change.put(key, document)
        marked += len(change.puts)
        if change.puts:
            records.commit(change)
    return marked


def _sweep(records: Records, index: Index, objects: Objects, before: int) -> tuple[int, int]:
    marks = dict(_marks(records))
    due = sorted(object_id for object_id, marked_at in marks.items() if marked_at <= before)
    if not due:
        return 0, len(marks)
    with records.exclusive():
        records.load_guarded(SECRETS)  # an index that was rolled back must not decide what is garbage
        referenced = _referenced(index)
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
        for key, record in page:
            mark = msgspec.json.decode(record.document or b"", type=_Mark)
            found.append((key.removeprefix(MARKS.prefix).decode(), mark.marked_at_ms))
        after = page[-1][0]
    return found

"""Making the journal shorter: its beginning moves to a file, and the chain goes on.

First the file is whole and durable, then one commit tells of it and lets the journal begin behind the first events that
are in it; those and the rest are removed a thousand at a time. A crash in between leaves events in both places.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from palyra_kernel.audit.encoding import encode
from palyra_kernel.audit.event import Event
from palyra_kernel.audit.export import Exporter, ExportReport, Stretch
from palyra_kernel.audit.reading import journal_head, shortened
from palyra_kernel.audit.signing import Signer
from palyra_kernel.durable.target import Target
from palyra_kernel.errors import ConflictError, NotFoundError, UnavailableError
from palyra_kernel.records import Change, Records
from palyra_kernel.records.journal import JOURNAL_HEAD, encode_head, event_key

_STEP = 1_000
_ATTEMPTS = 50


class _Mark(NamedTuple):
    """The end of a step: its last event with the hash of that, and the bytes of all in the step."""

    number: int
    hash: bytes
    size: int


def archive(records: Records, signer: Signer, path: Path, keep: int, event: Event) -> ExportReport:
    """Move all but the newest *keep* events to the new file *path*. *event* says who wants that; it is written
    down with the range, count, hashes and the digest of the file.

    Raises :class:`ConflictError` ``exists``, ``journal_shortened``; :class:`NotFoundError` ``no_events``;
    :class:`IntegrityError` for an event that is not as it was written: then nothing is removed.
    """
    head = journal_head(records)
    stretch = Stretch(head.first, head.last - keep)
    if stretch.last < stretch.first:
        raise NotFoundError(
            "no_events", f"the journal has no more than {keep} events", hint="palyra audit tail"
        )
    marks: list[_Mark] = []
    size = 0

    def mark(number: int, hash_: bytes, bytes_: int) -> None:
        nonlocal size
        size += bytes_
        if not (number + 1 - stretch.first) % _STEP or number == stretch.last:
            marks.append(_Mark(number, hash_, size))
            size = 0

    with Target(path) as target:
        report = Exporter(records, signer).write(target.write, head, stretch, mark=mark)
        target.sync()
        target.publish()
        told = replace(event, details=_details(report, target.digest))
    first = stretch.first
    for step in marks:
        _remove(records, first, step, told if first == stretch.first else None)
        first = step.number + 1
    return report


def _details(report: ExportReport, digest: bytes) -> dict[str, str]:
    return {
        "first": str(report.first),
        "last": str(report.last),
        "events": str(report.events),
        "before": report.before,
        "hash": report.hash,
        "signer": report.signer,
        "file_sha256": digest.hex(),
    }


def _remove(records: Records, first: int, step: _Mark, event: Event | None) -> None:
    keys = [event_key(number) for number in range(first, step.number + 1)]
    for _ in range(_ATTEMPTS):
        try:
            with records.exclusive():
                records.commit(_shortened(records, first, step, keys, event))
            break
        except ConflictError as error:
            if error.code != "record_changed":  # else: an event came between, in a store without a lock
                raise
    else:
        raise UnavailableError("busy", "the journal kept growing under this act", hint="try again")
    records.store.purge(keys)


def _shortened(records: Records, first: int, step: _Mark, keys: list[bytes], event: Event | None) -> Change:
    version, head = records.read(JOURNAL_HEAD).version, journal_head(records)
    if head.first != first:
        raise shortened()
    change = Change()
    change.check(JOURNAL_HEAD, version)
    shorter = replace(head, first=step.number + 1, before=step.hash.hex(), bytes=head.bytes - step.size)
    change.put(JOURNAL_HEAD, encode_head(shorter))
    for key in keys:
        change.delete(key)
    if event is not None:
        change.record(encode(event))
    return change

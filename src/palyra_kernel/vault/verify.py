"""Opening everything: is each version there, the one that was written, and readable with the keys we have?"""

from __future__ import annotations

from collections.abc import Callable

from palyra_kernel.errors import IntegrityError, PalyraError
from palyra_kernel.records import Records
from palyra_kernel.records.verify import verify_records
from palyra_kernel.values.findings import Finding
from palyra_kernel.vault.entry import Entry
from palyra_kernel.vault.index import Index, entry_ref
from palyra_kernel.vault.objects import Objects

Progress = Callable[[int], None]
"""Called with the number of secrets that were checked."""

_PAGE = 200


def verify_vault(
    records: Records, index: Index, objects: Objects, progress: Progress | None = None
) -> list[Finding]:
    """Return what is wrong, errors first; orphaned envelopes are only information."""
    objects.catch_up()
    objects.tidy()  # what this process dropped is no orphan
    findings = verify_records(records)
    findings += [_error("backend_damaged", "blob backend", problem) for problem in objects.backend.check()]
    referenced: set[str] = set()
    done = 0
    after: bytes | None = None
    while True:
        try:
            page = index.page(None, after, _PAGE)
        except IntegrityError as error:
            findings.append(_error(error.code, "vault index", error.message))
            break
        for _, entry in page:
            findings += _verify_entry(index, objects, entry)
            referenced.update(version.object_id for version in entry.versions)
        done += len(page)
        if progress is not None:
            progress(done)
        if len(page) < _PAGE:
            findings += _orphans(objects, referenced)
            break
        after = page[-1][0]
    return findings


def _verify_entry(index: Index, objects: Objects, entry: Entry) -> list[Finding]:
    ref = entry_ref(entry)
    findings = []
    for version in entry.versions:
        if not version.object_id:
            continue
        subject = f"{ref}?version={version.number}"
        try:
            blob = objects.fetch((version.object_id,)).get(version.object_id)
            if blob is not None:
                objects.open(ref, version, blob).wipe()
            elif index.has(ref, version):
                findings.append(_error("blob_missing", subject, "the stored value is gone"))
        except PalyraError as error:
            findings.append(_error(error.code, subject, error.message, error.hint))
    return findings


def _orphans(objects: Objects, referenced: set[str]) -> list[Finding]:
    if not objects.backend.capabilities().listable:
        return []
    try:
        count = sum(1 for object_id in objects.listed() if object_id not in referenced)
    except IntegrityError as error:
        return [_error(error.code, "blob backend", error.message)]
    if not count:
        return []
    message = f"{count} envelopes belong to no secret: left by writes that were interrupted or are under way"
    return [
        Finding(
            severity="info", code="orphans", subject="blob backend", message=message, hint="palyra vault gc"
        )
    ]


def _error(code: str, subject: str, message: str, hint: str | None = None) -> Finding:
    hint = hint or "restore it from a backup"
    return Finding(severity="error", code=code, subject=subject, message=message, hint=hint)

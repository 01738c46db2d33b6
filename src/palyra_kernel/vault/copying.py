"""From one backend to another: each envelope as it is, under its id, read back and compared.

An envelope that this run did not store itself counts as copied only up to the place where an earlier run said so: of
what came behind it, whoever was killed may not have waited for the disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from palyra_kernel.contracts.blobs import BlobBackend
from palyra_kernel.errors import IntegrityError, UnavailableError
from palyra_kernel.records import Records
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.digest import sha256
from palyra_kernel.vault.entry import Entry, Version, decode_entry
from palyra_kernel.vault.index import SECRETS, Index, entry_ref, parse_cursor
from palyra_kernel.vault.objects import ENVELOPE_OVERHEAD, Objects

Payload = tuple[Entry, Version]
_PAGE = 200
_BATCH_BYTES = 4 * 1024 * 1024


class Copying:
    """Copies what the index refers to from *objects* to *target*."""

    def __init__(
        self,
        records: Records,
        objects: Objects,
        target: BlobBackend,
        seconds: float,
        noted: Callable[[], None],
    ) -> None:
        self._records = records
        self._index = Index(records)
        self._objects = objects
        self._target = target
        self._seconds = seconds
        self._noted = noted
        self._safe: set[bytes] = set()
        self.copied = 0
        """How many envelopes this run stored."""

    @property
    def safe(self) -> int:
        """How many envelopes are in the target for certain."""
        return len(self._safe)

    def run(self, done: str | None) -> Iterator[str]:
        """Copy everything, while others write; yield the place up to which it is copied. *done* is such a place."""
        after: bytes | None = None
        until = None if done is None else parse_cursor(done)
        while page := self._index.page(None, after, _PAGE):
            for here, entry in page:
                self._copy(_payloads(entry), trusted=until is not None and here <= until)
            after = page[-1][0]
            self._noted()
            yield after.hex()

    def complete(self) -> set[str]:
        """Copy what came meanwhile; return all ids that the index refers to. The caller keeps other writers out."""
        payloads = list(referenced(self._records))
        self._copy((each for each in payloads if _raw(each[1]) not in self._safe), trusted=False)
        self._noted()
        alive = {version.object_id for _, version in payloads}
        gone = [each.hex() for each in self._safe if each.hex() not in alive]
        for start in range(0, len(gone), _PAGE):
            self._target.delete(gone[start : start + _PAGE], self._deadline())
        return alive

    def _copy(self, payloads: Iterable[Payload], *, trusted: bool) -> None:
        for batch in _batches(payloads):
            wanted = {version.object_id: (entry, version) for entry, version in batch}
            there = self._target.get(list(wanted), self._deadline())
            stay = {each for each in there if trusted and sha256(there[each]) == wanted[each][1].sha256}
            if stray := [each for each in there if each not in stay]:
                self._target.delete(stray, self._deadline())
            self._store([payload for each, payload in wanted.items() if each not in stay])
            self._safe.update(bytes.fromhex(each) for each in stay)

    def _store(self, payloads: Sequence[Payload]) -> None:
        """Store *payloads* in the target; those that were dropped meanwhile are left out."""
        ids = [version.object_id for _, version in payloads]
        blobs = dict(self._objects.fetch(ids)) if ids else {}
        for entry, version in payloads:
            blob = blobs.get(version.object_id)
            if blob is None and not self._index.has(entry_ref(entry), version):
                continue
            if blob is None or sha256(blob) != version.sha256:
                raise _damaged(entry, version, lost=blob is None)
        if not blobs:
            return
        self._target.put(blobs, self._deadline())
        if self._target.get(list(blobs), self._deadline()) != blobs:
            raise UnavailableError(
                "copy_differs",
                f"the backend {self._target.kind!r} did not give back what was written",
                hint="nothing was switched; use another backend",
            )
        self.copied += len(blobs)
        self._safe.update(bytes.fromhex(each) for each in blobs)

    def _deadline(self) -> Deadline:
        return Deadline.after(self._seconds)


def clear(backend: BlobBackend, alive: set[str], seconds: float, noted: Callable[[int], None]) -> int:
    """Delete everything in *backend* but *alive*; return how much. Nobody may be writing there."""
    done, after = 0, None
    while page := backend.list(after, _PAGE):
        dead = [object_id for object_id in page if object_id not in alive]
        if dead:
            backend.delete(dead, Deadline.after(seconds))
            done += len(dead)
            noted(done)
        after = page[-1]
    return done


def referenced(records: Records) -> Iterator[Payload]:
    """Every version that has an envelope. An index that was tampered with must not decide what is copied and what is
    removed: it raises."""
    for stored in records.load_guarded(SECRETS):
        yield from _payloads(decode_entry(records.open(stored)))


def _payloads(entry: Entry) -> Iterator[Payload]:
    return ((entry, version) for version in entry.versions if version.object_id)


def _raw(version: Version) -> bytes:
    return bytes.fromhex(version.object_id)


def _batches(payloads: Iterable[Payload]) -> Iterator[list[Payload]]:
    batch: list[Payload] = []
    size = 0
    for payload in payloads:
        batch.append(payload)
        size += payload[1].size + ENVELOPE_OVERHEAD
        if len(batch) >= _PAGE or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _damaged(entry: Entry, version: Version, *, lost: bool) -> IntegrityError:
    return IntegrityError(
        "blob_missing" if lost else "blob_replaced",
        f"version {version.number} of {entry_ref(entry)} is {'gone' if lost else 'not as it was written'}",
        hint="palyra vault verify; destroy that version, or store it again; then run the migration again",
    )

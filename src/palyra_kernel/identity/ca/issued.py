"""The log of issued certificates: one record each, numbered from 1, every one holding the digest of the one before."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec.structs import replace

from palyra_kernel.errors import IntegrityError
from palyra_kernel.identity.ca.documents import ISSUED_HEAD, Documents, IssuedHead
from palyra_kernel.identity.committing import commit
from palyra_kernel.records import Change, Namespace, Records
from palyra_kernel.values.decoding import decode_json
from palyra_kernel.values.digest import sha256

IDENTITY_ISSUED = Namespace("identity_issued", guarded=True)
_FORMAT = 1
_NUMBER_BYTES = 8
_BATCH = 1000
_MOST_BATCHES = 20


class Issued(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One certificate: ``subject`` is ``device:ULID`` or ``server:NAME``, ``serial`` its number in hexadecimal digits,
    ``fingerprint`` the SHA-256 of its DER, ``issuer`` the id of the CA."""

    sequence: int
    serial: str
    subject: str
    fingerprint: str
    issuer: str
    issued_ms: int
    end_ms: int
    before: bytes = bytes(32)
    format: int = _FORMAT


class IssuedLog:
    """Plans what is appended; whoever commits that makes it one with the certificate."""

    def __init__(self, records: Records, documents: Documents) -> None:
        self._records = records
        self._documents = documents

    def plan(self, change: Change, entry: Issued) -> Issued:
        """Add to *change*: *entry* is the next of the log. Returns it with its number."""
        version, head = self._head()
        numbered = replace(entry, sequence=head.next, before=head.last)
        document = msgspec.json.encode(numbered)
        change.check(_key(head.next), 0)
        change.put(_key(head.next), document)
        after = replace(head, next=head.next + 1, last=sha256(document))
        self._documents.plan(change, ISSUED_HEAD, version, after)
        return numbered

    def plan_prune(self, change: Change, before_ms: int, most: int) -> int:
        """Add to *change*: up to *most* of the oldest are forgotten, as long as they ended before *before_ms*. Returns
        how many; the digests of what is left still lead back to the last of those."""
        version, head = self._head()
        gone, before = 0, head.before
        for number in range(head.first, min(head.first + most, head.next)):
            key = _key(number)
            stored = self._records.read(key)
            entry = _decoded(stored.document)
            if entry.end_ms >= before_ms:
                break
            assert stored.document is not None  # noqa: S101  # it was decoded
            change.check(key, stored.version)
            change.delete(key)
            gone, before = gone + 1, sha256(stored.document)
        if gone:
            self._documents.plan(
                change, ISSUED_HEAD, version, replace(head, first=head.first + gone, before=before)
            )
        return gone

    def prune(self, before_ms: int) -> int:
        """Forget the oldest for good, up to 20,000 of them; how many. See :meth:`plan_prune`."""
        forgotten = 0
        for _ in range(_MOST_BATCHES):
            gone = [0]

            def plan(gone: list[int] = gone) -> Change:
                change = Change()
                gone[0] = self.plan_prune(change, before_ms, _BATCH)
                return change

            if plan().deletes:
                commit(self._records, plan)
            forgotten += gone[0]
            if gone[0] < _BATCH:
                break
        return forgotten

    def entries(self, after: int = 0, limit: int | None = None) -> Iterator[Issued]:
        """The entries numbered above *after*, oldest first."""
        head = self._head()[1]
        first = max(head.first, after + 1)
        last = head.next if limit is None else min(head.next, first + limit)
        for number in range(first, last):
            yield _decoded(self._records.read(_key(number)).document)

    def numbers(self) -> range:
        """The numbers of the entries that are kept; all before them were pruned."""
        head = self._head()[1]
        return range(head.first, head.next)

    def newest(self, limit: int) -> list[Issued]:
        """The newest *limit* entries, newest first."""
        return [*self.entries(after=max(0, self.numbers().stop - 1 - max(0, limit)))][::-1]

    def verify(self) -> int:
        """Go through the whole chain; how many entries there are. Raises :class:`IntegrityError` ``issued_damaged``,
        ``set_tampered``: one is missing, added, changed or out of order."""
        found = self._records.load_guarded(IDENTITY_ISSUED)
        head = self._head()[1]
        numbers = range(head.first, head.next)
        digest = head.before
        if [stored.key for stored in found] != [_key(number) for number in numbers]:
            raise _damaged()
        for number, stored in zip(numbers, found, strict=True):
            document = self._records.open(stored)
            entry = _decoded(document)
            if entry.sequence != number or entry.before != digest:
                raise _damaged()
            digest = sha256(document)
        if digest != head.last:
            raise _damaged()
        return len(numbers)

    def _head(self) -> tuple[int, IssuedHead]:
        version, head = self._documents.read(ISSUED_HEAD, IssuedHead)
        return version, head or IssuedHead()


def _key(number: int) -> bytes:
    return IDENTITY_ISSUED.key(number.to_bytes(_NUMBER_BYTES, "big"))


def _decoded(document: bytes | None) -> Issued:
    if document is None:
        raise _damaged()
    try:
        entry = decode_json(document, Issued)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise _damaged() from None
    if entry.format != _FORMAT:
        raise _damaged()
    return entry


def _damaged() -> IntegrityError:
    return IntegrityError(
        "issued_damaged", "the log of issued certificates is damaged", hint="restore it from a backup"
    )

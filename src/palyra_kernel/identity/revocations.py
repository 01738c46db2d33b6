"""The list of what is no good any more: devices and keys for ever, certificates until they expire."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

from palyra_kernel.errors import NotFoundError, PalyraError
from palyra_kernel.identity.kept import Kept
from palyra_kernel.identity.keys import CertificatePrint, IdentityPrint
from palyra_kernel.identity.leaf import Leaf
from palyra_kernel.identity.names import device_id
from palyra_kernel.identity.texts import reason
from palyra_kernel.records import Change, Namespace, Records
from palyra_kernel.values.decoding import decode_json

REVOCATIONS = Namespace("device_revocations", guarded=True)
_TALLY = REVOCATIONS.key("list")
_FORMAT = 1

Cause = Literal["revoked", "removed", "key_replaced", "superseded"]


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="entry"):
    """One line: *subject* of the device *device* is no good. A ``device`` is banned by its id, a ``key`` by its
    fingerprint, a ``certificate`` (then there is ``leaf``) is revoked. ``number``: of the list when it came."""

    what: Literal["device", "key", "certificate"]
    subject: str
    device: str
    cause: Cause
    reason: str
    at_ms: int
    number: int = 0
    leaf: Leaf | None = None

    def __post_init__(self) -> None:
        device_id(self.device)
        reason(self.reason)


class _Tally(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="tally"):
    number: int


class _Document(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: int
    line: Entry | _Tally


class Revocations:
    """Reads the list; plans changes of it, commits none. The list has a number, which every change makes greater."""

    def __init__(self, records: Records) -> None:
        self._kept: Kept[Entry | _Tally] = Kept(records, REVOCATIONS, _decoded)

    def number(self) -> int:
        """Of the list as it is now; 0 before the first revocation."""
        tally = self._kept.get(_TALLY)
        return tally.number if isinstance(tally, _Tally) else 0

    def device(self, id: str) -> Entry | None:
        """The ban of the device *id*."""
        return self._entry(_key("device", id))

    def identity(self, print: IdentityPrint) -> Entry | None:
        """The ban of an identity key, under whatever id it comes."""
        return self._entry(_key("key", print))

    def certificate(self, print: CertificatePrint) -> Entry | None:
        """Why a certificate is no good, until it expires."""
        return self._entry(_key("certificate", print))

    def _entry(self, key: bytes) -> Entry | None:
        found = self._kept.get(key)
        return found if isinstance(found, Entry) else None

    def entries(self) -> Iterator[Entry]:
        """All lines, in no order."""
        for _, row in self._kept.all():
            if isinstance(row.value, Entry):
                yield row.value

    def newer(self, version: int) -> tuple[int, list[Entry]]:
        """The lines that came behind *version* of the records, and the version to ask with the next time."""
        last, found = self._kept.newer(version)
        return last, [entry for entry in found if isinstance(entry, Entry)]

    def plan(self, change: Change, entries: Iterable[Entry]) -> None:
        """Add to *change*: *entries* are on the list. What is on it stays as it is."""
        number = 0
        for entry in entries:
            key = _key(entry.what, entry.subject)
            row = self._kept.row(key)
            if row.value is not None or key in change.puts:
                continue
            number = number or self._next(change)
            numbered = msgspec.structs.replace(entry, number=number)
            self._kept.plan(change, key, row.version, _encoded(numbered))

    def _next(self, change: Change) -> int:
        planned = change.puts.get(_TALLY)
        if planned is not None:
            tally = _decoded(bytes(planned))
            return tally.number if isinstance(tally, _Tally) else 0
        row = self._kept.row(_TALLY)
        number = row.value.number + 1 if isinstance(row.value, _Tally) else 1
        self._kept.plan(change, _TALLY, row.version, _encoded(_Tally(number=number)))
        return number

    def stand_on_none(self, change: Change, id: str, print: IdentityPrint) -> Entry | None:
        """The ban of the device *id* or of its key; where there is none, add to *change* that there must be none when
        it is committed."""
        for key in (_key("device", id), _key("key", print)):
            row = self._kept.row(key)
            if isinstance(row.value, Entry):
                return row.value
            change.check(key, row.version)
        return None

    def plan_lift(self, change: Change, id: str) -> tuple[Entry, ...]:
        """Add to *change*: the device *id* and its keys are banned no more. Its certificates stay revoked.

        Raises :class:`NotFoundError` ``device_not_banned``.
        """
        bans = [
            (key, row)
            for key, row in self._kept.all()
            if isinstance(row.value, Entry) and row.value.device == id and row.value.what != "certificate"
        ]
        if not bans:
            raise NotFoundError("device_not_banned", f"the device {id} is not banned")
        self._next(change)
        for key, row in bans:
            self._kept.plan(change, key, row.version, None)
        return tuple(row.value for _, row in bans if isinstance(row.value, Entry))

    def expired(self, now_ms: int) -> Iterator[Entry]:
        """The certificates on the list that have expired."""
        return (entry for entry in self.entries() if entry.leaf is not None and entry.leaf.over(now_ms))

    def plan_prune(self, change: Change, entries: Iterable[Entry]) -> None:
        """Add to *change*: *entries* are on the list no more."""
        for entry in entries:
            key = _key(entry.what, entry.subject)
            row = self._kept.row(key)
            if row.value is not None:
                self._next(change)
                self._kept.plan(change, key, row.version, None)


def certificate_key(print: CertificatePrint) -> bytes:
    """The record key of a revoked certificate."""
    return _key("certificate", print)


def _key(what: Literal["device", "key", "certificate"], subject: str) -> bytes:
    return REVOCATIONS.key(f"{what}/{subject}")


def _encoded(line: Entry | _Tally) -> bytes:
    return msgspec.json.encode(_Document(format=_FORMAT, line=line))


def _decoded(document: bytes) -> Entry | _Tally | None:
    try:
        found = decode_json(document, _Document)
    except (msgspec.DecodeError, UnicodeDecodeError, PalyraError):
        return None
    return found.line if found.format == _FORMAT else None

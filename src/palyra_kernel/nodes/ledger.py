"""Where leases are kept: those that wait or run, by their id; those that are over, apart; and the line of each device.

Every namespace is guarded. Nothing that is read on the way of a lease grows with the history.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from palyra_kernel.identity.names import device_id
from palyra_kernel.nodes.lease import Lease, damaged, decoded
from palyra_kernel.records import Namespace, Record, Records
from palyra_kernel.values.decoding import decode_json
from palyra_kernel.values.digest import sha256
from palyra_kernel.values.framing import frame
from palyra_kernel.values.ulid import is_ulid

LEASES = Namespace("node_leases", guarded=True)
PAST = Namespace("node_past", guarded=True)
LINES = Namespace("node_lines", guarded=True)
KEYS = Namespace("node_keys", guarded=True)
INPUTS = Namespace("node_inputs", guarded=True)
OUTPUTS = Namespace("node_outputs", guarded=True)

_FORMAT = 1


class Row(NamedTuple):
    """A lease as it is stored, and the version of its record."""

    version: int
    lease: Lease


class Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The leases of one device: those that wait, the first one first, and those that it has."""

    queued: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    format: int = _FORMAT

    def __len__(self) -> int:
        return len(self.queued) + len(self.held)

    def entered(self, id: str) -> Line:
        """With *id* at its end."""
        return Line(queued=(*self.queued, id), held=self.held)

    def taken(self, id: str) -> Line:
        """With *id* in the hands of the device."""
        return Line(queued=_without(self.queued, id), held=(*self.held, id))

    def left(self, id: str) -> Line:
        """Without *id*."""
        return Line(queued=_without(self.queued, id), held=_without(self.held, id))


class Ledger:
    """Reads leases and lines."""

    def __init__(self, records: Records) -> None:
        self.records = records

    def live(self, id: str) -> Row | None:
        """The lease *id*, if it is not in the history."""
        record = self._read(LEASES, id)
        return None if record.document is None else Row(record.version, _of(id, record.document))

    def past(self, id: str) -> Lease | None:
        """The lease *id*, if it is in the history."""
        document = self._read(PAST, id).document
        return None if document is None else _of(id, document)

    def input(self, id: str) -> bytes | None:
        """The input of the lease *id*, as long as it waits."""
        return self.records.read(INPUTS.key(id)).document

    def find(self, id: str) -> Lease | None:
        """The lease *id*, wherever it is: they move in this direction."""
        row = self.live(id)
        return self.past(id) if row is None else row.lease

    def _read(self, namespace: Namespace, id: str) -> Record:
        """Anybody may ask for any text: what is no id names nothing."""
        return self.records.read(namespace.key(id)) if is_ulid(id) else Record(0, None)

    def line(self, device: str) -> tuple[int, Line]:
        """The version of the line of *device*, and the line."""
        record = self.records.read(LINES.key(device_id(device)))
        if record.document is None:
            return record.version, Line()
        try:
            line = decode_json(record.document, Line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            line = None
        if line is None or line.format != _FORMAT:
            raise damaged()
        return record.version, line

    def count(self) -> int:
        """How many leases wait or run."""
        return _count(self.records, LEASES)

    def past_count(self) -> int:
        """How many are in the history."""
        return _count(self.records, PAST)

    def all(self, *, past: bool) -> Iterator[Lease]:
        """Those that wait or run, or those of the history, oldest first."""
        namespace = PAST if past else LEASES
        for stored in self.records.stored(namespace.prefix):
            yield _of(stored.key.removeprefix(namespace.prefix).decode(), self.records.open(stored))

    def some(self, after: str, limit: int) -> list[Lease]:
        """The next *limit* of those that wait or run, by their id."""
        found = self.records.scan(LEASES.prefix, LEASES.key(after), limit)
        return [_of(key.removeprefix(LEASES.prefix).decode(), document) for key, document in found]

    def oldest(self, limit: int) -> list[Lease]:
        """The first *limit* of the history."""
        found = self.records.scan(PAST.prefix, None, limit)
        return [_of(key.removeprefix(PAST.prefix).decode(), document) for key, document in found]

    def named(self, invoker: str, key: str) -> tuple[int, str | None]:
        """The version of the record of an idempotency key, and the lease that *invoker* asked for under it."""
        record = self.records.read(idempotency_key(invoker, key))
        return record.version, None if record.document is None else record.document.decode()

    def purge(self, keys: Iterable[bytes]) -> None:
        """Forget that deleted records were ever there: what is in them has random names, which nobody uses again."""
        self.records.store.purge(tuple(keys))


def idempotency_key(invoker: str, key: str) -> bytes:
    """The record key of what *invoker* calls *key*."""
    return KEYS.key(sha256(frame("palyra lease key", invoker, key)))


def _count(records: Records, namespace: Namespace) -> int:
    state = records.set_state(namespace)
    return 0 if state is None else state.count


def _of(id: str, document: bytes) -> Lease:
    lease = decoded(document)
    if lease.id != id:
        raise damaged()
    return lease


def _without(ids: tuple[str, ...], id: str) -> tuple[str, ...]:
    return tuple(each for each in ids if each != id)

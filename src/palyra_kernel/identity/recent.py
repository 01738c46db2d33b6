"""Which records of devices changed last: so that a process which knows them all reads those alone.

A hint and no more. Whoever follows it compares what comes out with the set-hash, so a hint that lies, or that was put
back, costs a full reading and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from palyra_kernel.records import Change, Namespace, Records
from palyra_kernel.values.decoding import decode_json

DEVICE_CHANGES = Namespace("device_changes", guarded=False)
_KEY = DEVICE_CHANGES.key("recent")
_FORMAT = 1
_KEPT = 256


class _Document(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: int
    count: int
    """How many keys were ever noted; those in ``keys`` are the last of them."""
    keys: tuple[bytes, ...]


_NOTHING = _Document(format=_FORMAT, count=0, keys=())


class Recent:
    """The last 256 keys that changed. Writers queue at this record: of two changes of devices at a time, one is
    planned again."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def plan(self, change: Change, keys: Sequence[bytes]) -> None:
        """Add to *change* that it changes *keys*. May be called again for the same change."""
        planned = change.puts.get(_KEY)
        if planned is not None:
            before = _decoded(bytes(planned))
            del change.puts[_KEY]
        else:
            version, before = self._read()
            change.check(_KEY, version)
        after = _Document(format=_FORMAT, count=before.count + len(keys), keys=(*before.keys, *keys)[-_KEPT:])
        change.put(_KEY, msgspec.json.encode(after))

    def count(self) -> int:
        """How many changes there were."""
        return self._read()[1].count

    def since(self, count: int) -> tuple[int, frozenset[bytes]] | None:
        """How many there are now, and what changed behind the first *count*; None where that is no longer known."""
        document = self._read()[1]
        new = document.count - count
        if not 0 <= new <= len(document.keys):
            return None
        return document.count, frozenset(document.keys[len(document.keys) - new :])

    def _read(self) -> tuple[int, _Document]:
        record = self._records.read(_KEY)
        return record.version, _NOTHING if record.document is None else _decoded(record.document)


def _decoded(document: bytes) -> _Document:
    """What cannot be understood is a hint that is not there."""
    try:
        found = decode_json(document, _Document)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _NOTHING
    return found if found.format == _FORMAT else _NOTHING

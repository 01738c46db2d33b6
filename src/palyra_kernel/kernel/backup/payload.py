"""What is inside a backup: envelopes, the keyring and the records as they are stored, in one strict order.

An item is its type (1 byte), the length of its body (4 bytes, big endian) and its body.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from palyra_kernel.contracts.records import StoredRecord
from palyra_kernel.kernel.backup.header import damaged


class Envelope(NamedTuple):
    """One blob of the backend."""

    object_id: str
    blob: bytes


class Keyring(NamedTuple):
    """The content of ``keyring.json``."""

    document: bytes


class End(NamedTuple):
    """The last item: the generation of the records, and how many records, envelopes and secrets there are."""

    generation: int
    records: int
    envelopes: int
    secrets: int


Item = Envelope | Keyring | StoredRecord | End

_TYPES: dict[type[Item], int] = {Envelope: 1, Keyring: 2, StoredRecord: 3, End: 4}
_MAX_BODY = {1: 64 * 1024 * 1024, 2: 2 * 1024 * 1024, 3: 2 * 1024 * 1024, 4: 32}
_NEXT = {
    ("copying", Envelope): "copying",
    ("copying", Keyring): "keyring",
    ("keyring", StoredRecord): "records",
    ("records", StoredRecord): "records",
    ("records", Envelope): "late",
    ("late", Envelope): "late",
    ("records", End): "end",
    ("late", End): "end",
}
"""Where an item may stand: envelopes, the keyring, records, the envelopes that came meanwhile, the end."""

_MAX_VERSION = 2**63 - 1


def encode_item(item: Item) -> bytes:
    """The bytes of one item."""
    body = _body(item)
    return b"".join((bytes([_TYPES[type(item)]]), len(body).to_bytes(4, "big"), body))


def read_items(chunks: Iterable[bytes]) -> Iterator[Item]:
    """Take a payload apart. Raises :class:`IntegrityError` ``backup_damaged`` for anything but a whole one."""
    reader, place, last_key = _Reader(chunks), "copying", b""
    counts: dict[type[Item], int] = dict.fromkeys(_TYPES, 0)
    while place != "end":
        item = reader.item()
        step = _NEXT.get((place, type(item)))
        if step is None:
            raise damaged("something in it is out of order")
        place = step
        counts[type(item)] += 1
        if isinstance(item, StoredRecord):
            if item.key <= last_key:
                raise damaged("its records are out of order")
            last_key = item.key
        elif isinstance(item, End) and item[1:3] != (counts[StoredRecord], counts[Envelope]):
            raise damaged("something of it is missing")
        yield item
    reader.end()


class _Reader:
    """Takes items from chunks of any size; holds one item and one chunk at most."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._buffer = bytearray()

    def item(self) -> Item:
        kind, size = self._take(1)[0], int.from_bytes(self._take(4), "big")
        if size > _MAX_BODY.get(kind, -1):
            raise damaged("something in it is of an unknown type, or too large")
        return _parse(kind, self._take(size))

    def end(self) -> None:
        if self._buffer or any(self._chunks):
            raise damaged("something follows its end")

    def _take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            chunk = next(self._chunks, b"")
            if not chunk:
                raise damaged("it ends too early")
            self._buffer += chunk
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken


def _body(item: Item) -> bytes:
    if isinstance(item, Envelope):
        return bytes.fromhex(item.object_id) + item.blob
    if isinstance(item, Keyring):
        return item.document
    if isinstance(item, End):
        return b"".join(number.to_bytes(8, "big") for number in item)
    return b"".join((bytes([len(item.key)]), item.key, item.version.to_bytes(8, "big"), item.value or b""))


def _parse(kind: int, body: bytes) -> Item:
    if kind == _TYPES[Envelope] and len(body) > 16:
        return Envelope(body[:16].hex(), body[16:])
    if kind == _TYPES[Keyring]:
        return Keyring(body)
    if kind == _TYPES[End] and len(body) == 32:
        return End(*(int.from_bytes(body[start : start + 8], "big") for start in range(0, 32, 8)))
    if kind == _TYPES[StoredRecord] and body:
        at = 1 + body[0]
        version, value = int.from_bytes(body[at : at + 8], "big"), body[at + 8 :]
        if 1 <= body[0] <= 128 and 1 <= version <= _MAX_VERSION and value:
            return StoredRecord(body[1:at], version, value)
    raise damaged("something in it is malformed")

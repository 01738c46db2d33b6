"""The journal: events in the order of their commits, numbered without a gap, each chained to the one before.

An event is given as bytes that begin with a commitment of 32 bytes to everything it says. The chain covers that
commitment and not what follows it, so a copy that leaves a field out can still be proved. Number and chain are
assigned inside the commit: writers that run at once need no second try.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, NamedTuple

import msgspec

from palyra_kernel.errors import IntegrityError, PalyraError
from palyra_kernel.records.namespaces import Namespace
from palyra_kernel.values.decoding import decode_json
from palyra_kernel.values.digest import sha256
from palyra_kernel.values.framing import frame

EVENTS = Namespace("audit", guarded=True)
JOURNAL = Namespace("journal", guarded=True)
JOURNAL_HEAD = JOURNAL.key("head")

FORMAT = 1
COMMITMENT_BYTES = 32
MAX_EVENT_BYTES = 256 * 1024
START = bytes(32)
"""What the first event of a vault is chained to."""

_HASH_BYTES = 32
_Hash = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
_Count = Annotated[int, msgspec.Meta(ge=0)]


class JournalHead(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which events there are: from number ``first``, chained to ``before``, to number ``last`` with the hash ``hash``.

    ``first`` is ``last`` + 1 where none is kept. ``bytes`` is their size, so that nobody has to count.
    """

    format: int = FORMAT
    first: Annotated[int, msgspec.Meta(ge=1)] = 1
    before: _Hash = START.hex()
    last: _Count = 0
    hash: _Hash = START.hex()
    bytes: _Count = 0


class Entry(NamedTuple):
    """One event as it is kept: its number, the hash of the event before, and the event."""

    number: int
    previous: bytes
    event: bytes

    @property
    def hash(self) -> bytes:
        """What the next event is chained to."""
        return event_hash(self.number, self.previous, self.event[:COMMITMENT_BYTES])


def event_hash(number: int, previous: bytes, commitment: bytes) -> bytes:
    """The hash of one event."""
    return sha256(frame("palyra audit event v1", number, previous, commitment))


def event_key(number: int) -> bytes:
    """The record key of the event *number*."""
    return EVENTS.key(number.to_bytes(8, "big"))


def check_event(event: bytes) -> None:
    """Refuse what no room of ours encodes: an act must not fail in its commit because of its event."""
    if not COMMITMENT_BYTES <= len(event) <= MAX_EVENT_BYTES:
        raise PalyraError("invalid_event", f"an event has {COMMITMENT_BYTES} to {MAX_EVENT_BYTES} bytes")


def appended(head: JournalHead, events: Sequence[bytes]) -> dict[bytes, bytes]:
    """The records that are new once *events* stand behind *head*, its successor among them."""
    puts: dict[bytes, bytes] = {}
    number, previous, size = head.last, bytes.fromhex(head.hash), head.bytes
    for event in events:
        number += 1
        puts[event_key(number)] = previous + event
        previous = event_hash(number, previous, event[:COMMITMENT_BYTES])
        size += _HASH_BYTES + len(event)
    new = JournalHead(FORMAT, head.first, head.before, number, previous.hex(), size)
    return puts | {JOURNAL_HEAD: encode_head(new)}


def encode_head(head: JournalHead) -> bytes:
    """The document of the journal's head record."""
    return msgspec.json.encode(head)


def decode_head(document: bytes) -> JournalHead:
    """Parse it. Raises :class:`IntegrityError` ``journal_damaged``."""
    try:
        head = decode_json(document, JournalHead)
    except (msgspec.DecodeError, UnicodeDecodeError):
        head = None
    if head is None or head.format != FORMAT or head.first > head.last + 1:
        raise IntegrityError("journal_damaged", "the head of the journal is damaged")
    return head


def decode_entry(key: bytes, document: bytes) -> Entry:
    """Parse an event record. Raises :class:`IntegrityError` ``event_damaged``."""
    suffix = key.removeprefix(EVENTS.prefix)
    if len(suffix) != 8 or len(document) < _HASH_BYTES + COMMITMENT_BYTES:
        raise IntegrityError("event_damaged", "a record of the journal is no event")
    return Entry(int.from_bytes(suffix, "big"), document[:_HASH_BYTES], document[_HASH_BYTES:])

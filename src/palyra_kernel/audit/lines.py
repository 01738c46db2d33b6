"""An export, line by line: a header, events, a signed trailer. Each line is one JSON object in exactly one spelling.

The chain proves the events from the header to the trailer; the signature covers the header, how many events there are
and the last hash. So whoever has the file and the fingerprint of its signer needs no vault.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from palyra_kernel.audit.commitment import Value, commitment, field_salts, leaves
from palyra_kernel.errors import IntegrityError
from palyra_kernel.records.journal import event_hash
from palyra_kernel.values.decoding import decoder
from palyra_kernel.values.digest import sha256
from palyra_kernel.values.framing import frame

FORMAT = "palyra audit v1"
CLASS_UID = 6003
"""API Activity, in the OCSF schema."""

_Hash = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
_Signature = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{128}$")]
_Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class _Line(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="kind",
):
    pass


class Header(_Line, frozen=True, tag="header"):
    """What follows: events from ``first`` on, the one before it having the hash ``previous``. ``redacted`` names the
    fields that were left out."""

    format: str
    class_uid: int
    vault: str
    exported_at_ms: _Count
    first: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
    previous: _Hash
    redacted: tuple[str, ...] = ()


class EventLine(_Line, frozen=True, tag="event"):
    """One event with what proves it: the ``salt`` of all its fields, or, where fields were left out, ``salts`` of those
    that are here and ``leaves`` of those that are not."""

    number: _Count
    event: dict[str, int | str | list[str] | dict[str, str]]
    hash: _Hash
    salt: _Hash | None = None
    salts: dict[str, _Hash] = {}
    leaves: dict[str, _Hash] = {}


class Trailer(_Line, frozen=True, tag="trailer"):
    """How many events there were, the hash of the last, and who says so."""

    events: _Count
    hash: _Hash
    signer: _Hash
    signature: _Signature


Line = Header | EventLine | Trailer
_line: msgspec.json.Decoder[Line] = decoder(Line)
MAX_LINE_BYTES = 1024 * 1024


def encode_line(line: Line) -> bytes:
    """*line* with its line feed."""
    return msgspec.json.encode(line) + b"\n"


def decode_line(data: bytes) -> Line:
    """Parse a line with its line feed. Another spelling of the same is refused: what a person or another program reads
    in it could be something else. Raises :class:`IntegrityError` ``export_damaged``."""
    try:
        line = _line.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise export_damaged("it is not a line of an export") from None
    if encode_line(line) != data:
        raise export_damaged("it was written anew by somebody else")
    return line


def proved_hash(line: EventLine, previous: bytes) -> bytes:
    """The hash that the event of *line* has behind *previous*, computed from what it says."""
    salts = {name: bytes.fromhex(salt) for name, salt in line.salts.items()}
    if line.salt is not None:
        salts = field_salts(bytes.fromhex(line.salt), line.event)
    if salts.keys() != line.event.keys() or not salts.keys().isdisjoint(line.leaves):
        raise export_damaged("its fields and what proves them are not the same")
    try:
        found = leaves(line.event, salts)
    except OverflowError:
        raise export_damaged("a number is out of range") from None
    found |= {name: bytes.fromhex(hidden) for name, hidden in line.leaves.items()}
    return event_hash(line.number, previous, commitment(found))


def event_line(
    number: int, hash_: bytes, fields: dict[str, Value], salt: bytes, redacted: tuple[str, ...]
) -> EventLine:
    """The line of one event."""
    if not redacted:
        return EventLine(number=number, event=fields, hash=hash_.hex(), salt=salt.hex())
    salts = field_salts(salt, fields)
    kept = {name: value for name, value in fields.items() if name not in redacted}
    hidden = {name: value for name, value in fields.items() if name in redacted}
    return EventLine(
        number=number,
        event=kept,
        hash=hash_.hex(),
        salts={name: salts[name].hex() for name in kept},
        leaves={name: each.hex() for name, each in leaves(hidden, salts).items()},
    )


def signed_text(header: bytes, events: int, last: bytes) -> bytes:
    """What the signer signs; *header* is its line."""
    return frame("palyra audit export v1", sha256(header), events, last)


def export_damaged(why: str) -> IntegrityError:
    """The error for a file that is not what was exported."""
    return IntegrityError(
        "export_damaged", f"this is not the file that was exported: {why}", hint="export it again"
    )

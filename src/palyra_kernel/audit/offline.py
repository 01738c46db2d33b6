"""Checking an export without a vault: with the file and the fingerprint of its signer, on any machine."""

from __future__ import annotations

from typing import BinaryIO

import msgspec

from palyra_kernel.audit.lines import (
    FORMAT,
    MAX_LINE_BYTES,
    EventLine,
    Header,
    Line,
    Trailer,
    decode_line,
    encode_line,
    export_damaged,
    proved_hash,
    signed_text,
)
from palyra_kernel.audit.signing import is_signed
from palyra_kernel.errors import IntegrityError, UnavailableError
from palyra_kernel.keys.signer import AUDIT_SIGNER, fingerprint, parse_fingerprint, signed_by


class CheckedExport(msgspec.Struct, frozen=True, kw_only=True):
    """What a file that was checked says. ``before`` is the hash in front of ``first``: where it is the ``hash`` of
    another file, the two belong together."""

    vault: str
    exported_at_ms: int
    first: int
    last: int
    events: int
    before: str
    hash: str
    redacted: tuple[str, ...]
    signer: str


def verify_export(stream: BinaryIO, signer: str | None) -> CheckedExport:
    """Check the export in *stream*, and that *signer* signed it; without one, that whoever it names did.

    Raises :class:`IntegrityError` ``export_damaged`` with the number of the first event that is wrong, ``export_cut``
    and ``wrong_signer``, and :class:`UnavailableError` ``newer_format``.
    """
    header = _header(_read(stream))
    number, previous = header.first, bytes.fromhex(header.previous)
    while isinstance(line := _next(stream, number), EventLine):
        previous = _checked(line, header, number, previous)
        number += 1
    if not isinstance(line, Trailer):
        raise export_damaged("it has a second header")
    if stream.read(1):
        raise export_damaged("something stands behind its end")
    _check_trailer(line, header, number - header.first, previous)
    if signer is not None and not signed_by(bytes.fromhex(line.signer), signer, AUDIT_SIGNER):
        by = fingerprint(bytes.fromhex(line.signer), AUDIT_SIGNER)
        raise IntegrityError(
            "wrong_signer",
            f"it is signed by {by}, not by {parse_fingerprint(signer)}",
            hint="it is of another vault, or somebody made it",
        )
    return CheckedExport(
        vault=header.vault,
        exported_at_ms=header.exported_at_ms,
        first=header.first,
        last=number - 1,
        events=number - header.first,
        before=header.previous,
        hash=line.hash,
        redacted=header.redacted,
        signer=fingerprint(bytes.fromhex(line.signer), AUDIT_SIGNER),
    )


def _header(line: Line) -> Header:
    if not isinstance(line, Header):
        raise export_damaged("it does not begin with its header")
    if line.format != FORMAT:
        raise UnavailableError(
            "newer_format", "this export is of a newer format", hint="upgrade palyra-kernel"
        )
    return line


def _next(stream: BinaryIO, number: int) -> Line:
    try:
        return _read(stream)
    except IntegrityError as error:
        raise IntegrityError(error.code, f"at event {number}: {error.message}", hint=error.hint) from None


def _read(stream: BinaryIO) -> Line:
    data = stream.readline(MAX_LINE_BYTES + 1)
    if len(data) > MAX_LINE_BYTES:
        raise export_damaged("a line is longer than any of ours")
    if not data.endswith(b"\n"):
        raise IntegrityError("export_cut", "the file ends before its trailer", hint="export it again")
    return decode_line(data)


def _checked(line: EventLine, header: Header, number: int, previous: bytes) -> bytes:
    """The hash of the event *number*, if it is the one in *line*."""
    if line.number != number:
        raise export_damaged(f"event {number} is not in its place, event {line.number} is")
    if (line.salt is None) != bool(header.redacted) or not line.leaves.keys() <= set(header.redacted):
        raise export_damaged(f"event {number} is redacted in another way than the header says")
    found = proved_hash(line, previous)
    if found.hex() != line.hash:
        raise export_damaged(f"event {number} was changed, or one before it was replaced")
    return found


def _check_trailer(line: Trailer, header: Header, events: int, last: bytes) -> None:
    if line.events != events or line.hash != last.hex():
        raise export_damaged(f"it should end with {line.events} events, and has {events}")
    text = signed_text(encode_line(header), events, last)
    if not is_signed(bytes.fromhex(line.signer), bytes.fromhex(line.signature), text):
        raise export_damaged("its signature is not that of its signer")

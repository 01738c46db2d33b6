"""Writing an export: a stretch of the journal for people and programs without the vault."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import NamedTuple

import msgspec

from palyra_kernel.audit.event import NAMES
from palyra_kernel.audit.lines import (
    CLASS_UID,
    FORMAT,
    Header,
    Trailer,
    encode_line,
    event_line,
    signed_text,
)
from palyra_kernel.audit.reading import read_events, times
from palyra_kernel.audit.signing import Signer
from palyra_kernel.errors import InvalidInputError, NotFoundError
from palyra_kernel.records import Records
from palyra_kernel.records.journal import JournalHead
from palyra_kernel.values.ids import now_ms

_LINES = 100


class ExportReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was exported: ``events`` of them from number ``first`` to ``last``. ``hash`` is that of the last. Keep
    ``signer``, a fingerprint, somewhere else: it is what the file is checked with."""

    first: int
    last: int
    events: int
    before: str
    hash: str
    signer: str


class Stretch(NamedTuple):
    """Events *first* to *last*; none if *last* is smaller."""

    first: int
    last: int


Mark = Callable[[int, bytes, int], None]
"""Called with number, hash and size of each event that is on its way."""


class Exporter:
    """Writes events of *records*, signed by *signer*."""

    def __init__(self, records: Records, signer: Signer) -> None:
        self._records = records
        self._signer = signer

    def write(
        self,
        write: Callable[[bytes], object],
        head: JournalHead,
        stretch: Stretch,
        redacted: Collection[str] = (),
        mark: Mark = lambda _number, _hash, _size: None,
    ) -> ExportReport:
        """Hand all lines to *write*, many at a time. Raises :class:`IntegrityError` for an event that is not as it was
        written."""
        hidden = checked_fields(redacted)
        previous = self._previous(head, stretch.first)
        header = encode_line(
            Header(
                format=FORMAT,
                class_uid=CLASS_UID,
                vault=self._records.keys.vault_id,
                exported_at_ms=now_ms(),
                first=stretch.first,
                previous=previous.hex(),
                redacted=hidden,
            )
        )
        lines, last, count = [header], previous, 0
        if stretch.last >= stretch.first:
            for told in read_events(self._records, head, *stretch):
                fields, salt = told.opened.fields, told.opened.salt
                lines.append(encode_line(event_line(told.number, told.hash, fields, salt, hidden)))
                last, count = told.hash, count + 1
                mark(told.number, told.hash, told.size)
                if len(lines) == _LINES:
                    write(b"".join(lines))
                    lines = []
        signature = self._signer.sign(signed_text(header, count, last))
        signer = self._signer.public.hex()
        trailer = Trailer(events=count, hash=last.hex(), signer=signer, signature=signature.hex())
        write(b"".join((*lines, encode_line(trailer))))
        return ExportReport(
            first=stretch.first,
            last=stretch.first + count - 1,
            events=count,
            before=previous.hex(),
            hash=last.hex(),
            signer=self._signer.fingerprint,
        )

    def _previous(self, head: JournalHead, first: int) -> bytes:
        if first == head.first:
            return bytes.fromhex(head.before)
        return next(iter(read_events(self._records, head, first - 1, first - 1))).hash


def stretch_between(
    records: Records, head: JournalHead, since_ms: int | None, until_ms: int | None
) -> Stretch:
    """From the first event at or after *since_ms* to the last at or before *until_ms*, and all between: a clock
    that was set back takes none of them away. Raises :class:`NotFoundError` ``no_events`` where there is none."""
    if since_ms is None and until_ms is None:
        return Stretch(head.first, head.last)
    first, last = 0, 0
    for number, at_ms in times(records, head.first, head.last):
        if not first and (since_ms is None or at_ms >= since_ms):
            first = number
        if until_ms is None or at_ms <= until_ms:
            last = number
    if not first or last < first:
        raise NotFoundError("no_events", "no event is of that time", hint="palyra audit tail")
    return Stretch(first, last)


def checked_fields(names: Collection[str]) -> tuple[str, ...]:
    """*names* of fields, each once. Raises :class:`InvalidInputError` ``unknown_field``."""
    known = set(NAMES.values()) | {"count"}
    for name in names:
        if name not in known:
            raise InvalidInputError(
                "unknown_field",
                f"events have no field {name[:64]!r}",
                hint="fields: " + ", ".join(sorted(known)),
            )
    return tuple(sorted(set(names)))

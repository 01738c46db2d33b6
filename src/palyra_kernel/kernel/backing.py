"""The record beside the pin: why this backend was chosen, and how far a move to another one came."""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import msgspec
from msgspec.structs import replace

from palyra_kernel.config import Places
from palyra_kernel.contracts import BlobBackend, BlobPlace
from palyra_kernel.errors import IntegrityError, PalyraError, UnavailableError
from palyra_kernel.kernel.offers import open_backend
from palyra_kernel.kernel.pins import Pins, load_pins
from palyra_kernel.plugins import Registry
from palyra_kernel.records import Change, Records
from palyra_kernel.values.decoding import decode_json
from palyra_kernel.vault.backing import BACKEND, BACKEND_KEY, Backing

COPIED_KEY = BACKEND.key("copied")
"""Of the record that says how far the copying came. Beside the other one: it changes all the time."""

FORMAT = 1
_READ_AGAIN = 20


class PassedOver(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A backend that ``auto`` did not take: ``weaker``, ``may_ask``, or the code of the error of its probe."""

    kind: str
    strength: int
    code: str
    reason: str


class BackendRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``copying_to`` is set while a move copies, ``emptying`` from the switch on until the old backend is empty.
    ``place`` is under which id a restored vault keeps its envelopes; without one it is that of the vault."""

    format: int = FORMAT
    passed_over: tuple[PassedOver, ...] = ()
    copying_to: str | None = None
    emptying: str | None = None
    place: str | None = None


class BackendState(NamedTuple):
    """What a vault says of its backend at one moment; ``version`` is that of the record."""

    pins: Pins
    record: BackendRecord
    version: int


class _Copied(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: int = FORMAT
    cursor: str


_T = TypeVar("_T", BackendRecord, _Copied)


def load_state(records: Records) -> BackendState:
    """Read pin and record of one moment, compared with the set-hash. Raises :class:`IntegrityError`."""
    for _ in range(_READ_AGAIN):
        version, record = _load_record(records)
        pins = load_pins(records)
        if _version(records) == version:
            return BackendState(pins, record, version)
    raise UnavailableError("busy", "the vault moves to another backend all the time", hint="try again")


def _load_record(records: Records) -> tuple[int, BackendRecord]:
    for stored in records.load_guarded(BACKEND):
        if stored.key == BACKEND_KEY:
            record = _decoded(records.open(stored), BackendRecord)
            return stored.version, record
    return _version(records), BackendRecord()


def _version(records: Records) -> int:
    stored = records.store.get(BACKEND_KEY)
    return 0 if stored is None else stored.version


def load_cursor(records: Records) -> str | None:
    """The place in the index up to which everything was copied; None at the beginning."""
    document = records.read(COPIED_KEY).document
    return None if document is None else _decoded(document, _Copied).cursor


def put_cursor(change: Change, cursor: str | None) -> None:
    """Add to *change*: everything up to *cursor* is copied."""
    if cursor is None:
        change.delete(COPIED_KEY)
    else:
        change.put(COPIED_KEY, msgspec.json.encode(_Copied(cursor=cursor)))


def put_record(change: Change, record: BackendRecord, version: int) -> None:
    """Add to *change*: *record* takes the place of the one of *version*."""
    change.check(BACKEND_KEY, version)
    change.put(BACKEND_KEY, msgspec.json.encode(record))


def put_new_place(change: Change, records: Records, place: str) -> None:
    """Add to *change*, for a vault that is restored: it keeps its envelopes under the id *place*. The life that it came
    from may still be used, by the same user in the same store. Whatever was moving, it is whole where it is put now."""
    version, record = _load_record(records)
    put_record(change, replace(record, copying_to=None, emptying=None, place=place), version)
    put_cursor(change, None)


class Backends:
    """Opens the backend that a vault is pinned to, and follows the vault when it moves."""

    def __init__(self, places: Places, registry: Registry, records: Records, place_id: str) -> None:
        self._place = BlobPlace(folder=places.objects_folder, vault_id=place_id)
        self._registry = registry
        self._records = records

    def open(self, kind: str) -> BlobBackend:
        """Open the backend of *kind* at the place of this vault."""
        return open_backend(self._registry, kind, self._place)

    def follow(self, known: Backing) -> Backing:
        """See :data:`palyra_kernel.vault.backing.Follow`."""
        if _version(self._records) == known.version:
            return known
        state = load_state(self._records)
        if state.pins.backend == known.backend.kind:
            return Backing(known.backend, state.version)
        try:
            return Backing(self.open(state.pins.backend), state.version)
        except PalyraError as error:
            raise UnavailableError(
                "backend_changed",
                f"the vault moved to the backend {state.pins.backend!r}, which does not open here: {error.message}",
                hint=f"enable it (palyra plugins enable {state.pins.backend}), and open the vault again",
            ) from error


def _decoded(document: bytes, form: type[_T]) -> _T:
    try:
        record = decode_json(document, form)
    except (msgspec.DecodeError, UnicodeDecodeError):
        record = None
    if record is None or record.format != FORMAT:
        raise IntegrityError("backend_record_damaged", "the vault does not say where it keeps its envelopes")
    return record

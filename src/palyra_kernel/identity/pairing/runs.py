"""Pairings as they are kept: one guarded record each, changed by compare-and-set on its version."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple

import msgspec

from palyra_kernel.errors import IntegrityError, InvalidInputError, NotFoundError
from palyra_kernel.identity.committing import commit
from palyra_kernel.identity.pairing.states import TERMINAL, Decided, Event, Pairing, decide, step
from palyra_kernel.records import Change, Namespace, Records
from palyra_kernel.values.decoding import decode_json
from palyra_kernel.values.ulid import is_ulid

RUNS = Namespace("pairing_runs", guarded=True)
MAX_RUNS = 10_000
"""Kept at a time."""
MAX_REASON = 256
UNPROVEN_KEPT_MS = 3_600_000
"""How long a run that proved nothing is kept."""
KEPT_MS = 30 * 86_400_000
"""How long one is kept that was decided."""

_FORMAT = 1
_AT_ONCE = 100


class _Document(msgspec.Struct, frozen=True, kw_only=True):
    format: int
    pairing: Pairing


class Row(NamedTuple):
    """A pairing as it is stored, and the version of its record."""

    version: int
    pairing: Pairing


class Runs:
    """Reads pairings; plans steps of the table of ``states``, commits none but what it forgets."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def row(self, id: str) -> Row:
        """The pairing *id*. Raises :class:`NotFoundError` ``pairing_missing``."""
        record = self._records.read(RUNS.key(id)) if is_ulid(id) else None
        if record is None or record.document is None:
            raise NotFoundError("pairing_missing", "there is no such pairing", hint="palyra pairing list")
        return Row(record.version, _decoded(record.document))

    def list(self) -> Iterable[Pairing]:
        """All of them, oldest first, compared with their set-hash."""
        return [_decoded(self._records.open(stored)) for stored in self._records.load_guarded(RUNS)]

    def count(self) -> int:
        """How many are kept."""
        state = self._records.set_state(RUNS)
        return state.count if state else 0

    def plan_begin(self, change: Change, pairing: Pairing) -> None:
        """Add to *change*: a run of a new id was begun."""
        change.check(RUNS.key(pairing.id), 0)
        change.put(RUNS.key(pairing.id), _encoded(pairing))

    def plan_replace(self, change: Change, row: Row, pairing: Pairing) -> None:
        """Add to *change*: what was read is *pairing* from now on."""
        change.check(RUNS.key(row.pairing.id), row.version)
        change.put(RUNS.key(row.pairing.id), _encoded(pairing))

    def plan_step(self, id: str, event: Event, at_ms: int, **facts: object) -> Change:
        """One step; raises what :func:`states.step` raises."""
        change, row = Change(), self.row(id)
        self.plan_replace(change, row, step(row.pairing, event, at_ms, **facts))
        return change

    def plan_decide(self, id: str, decided: Decided, *, approve: bool, at_ms: int) -> Change:
        """It was decided; the approval is in the same commit. Raises what :func:`states.decide` raises, and
        :class:`InvalidInputError` ``invalid_reason``."""
        change, row = Change(), self.row(id)
        checked = decided._replace(reason=reason(decided.reason))
        self.plan_replace(change, row, decide(row.pairing, checked, approve=approve, at_ms=at_ms))
        return change

    def plan_cancel(self, id: str, why: str, at_ms: int) -> Change:
        """Somebody took it back."""
        return self.plan_step(id, "cancel", at_ms, reason=reason(why))

    def moved_in(self, change: Change, id: str) -> bool:
        """Whether *change* moves the pairing *id* already."""
        return RUNS.key(id) in change.puts

    def prune(self, at_ms: int, forget: Callable[[str], None]) -> int:
        """Forget what is long over, and let *forget* drop what else there is of it; return how many are gone."""
        old = [pairing.id for pairing in self.list() if _outdated(pairing, at_ms)]
        for begin in range(0, len(old), _AT_ONCE):
            some = old[begin : begin + _AT_ONCE]
            for each in some:
                forget(each)
            commit(self._records, partial(self._plan_prune, some, at_ms))
        return len(old)

    def _plan_prune(self, ids: Iterable[str], at_ms: int) -> Change:
        change = Change()
        for each in ids:
            try:
                row = self.row(each)
            except NotFoundError:
                continue
            if _outdated(row.pairing, at_ms):
                change.check(RUNS.key(each), row.version)
                change.delete(RUNS.key(each))
        return change


def reason(text: str) -> str:
    """*text*, trimmed, if it can be shown on a line. Raises :class:`InvalidInputError` ``invalid_reason``."""
    plain = text.strip()
    if len(plain) > MAX_REASON or not plain.isprintable():
        raise InvalidInputError("invalid_reason", f"a reason is a line of up to {MAX_REASON} characters")
    return plain


def _outdated(pairing: Pairing, at_ms: int) -> bool:
    if pairing.now(at_ms) not in TERMINAL:
        return False
    over = min(pairing.deadline_ms, at_ms) if pairing.state not in TERMINAL else pairing.changed_ms
    return at_ms - over >= (KEPT_MS if pairing.transcript else UNPROVEN_KEPT_MS)


def _encoded(pairing: Pairing) -> bytes:
    return msgspec.json.encode(_Document(format=_FORMAT, pairing=pairing))


def _decoded(document: bytes) -> Pairing:
    try:
        found = decode_json(document, _Document)
    except (msgspec.DecodeError, UnicodeDecodeError):
        found = None
    if found is None or found.format != _FORMAT:
        raise IntegrityError(
            "pairing_damaged", "the record of a pairing is damaged", hint="palyra vault verify"
        )
    return found.pairing

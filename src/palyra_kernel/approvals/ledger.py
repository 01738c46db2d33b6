"""Where approvals are kept: those that count in one guarded namespace, which is small, those that are over in another.

The first is compared with its set-hash whenever it is read: a grant that was used up and put back is found before it
is used again, and not by the next ``palyra vault verify``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from palyra_kernel.approvals.approval import Approval, decode_approval, encode_approval
from palyra_kernel.errors import IntegrityError
from palyra_kernel.records import Change, Namespace, Records
from palyra_kernel.values.digest import sha256
from palyra_kernel.values.framing import frame
from palyra_kernel.values.ulid import is_ulid, ulid_ms

LIVE = Namespace("approval", guarded=True)
PAST = Namespace("approval_past", guarded=True)
KEYS = Namespace("approval_key", guarded=True)

_TURN = LIVE.key("turn")
_PRUNED_AT_ONCE = 20


class Row(NamedTuple):
    """An approval as it is stored, and the version of its record."""

    version: int
    approval: Approval


class Ledger:
    """The approvals of one vault."""

    def __init__(self, records: Records) -> None:
        self.records = records

    def live(self) -> tuple[int, list[Row]]:
        """Whose turn it is (see :meth:`take_turn`), and what counts, oldest first.

        Raises :class:`IntegrityError` ``set_tampered`` if these are not the records that were written last.
        """
        turn, rows = 0, []
        for stored in self.records.load_guarded(LIVE):
            if stored.key == _TURN:
                turn = stored.version
                continue
            rows.append(Row(stored.version, self._opened(stored.key, LIVE, self.records.open(stored))))
        return turn, rows

    def past(self) -> Iterator[Approval]:
        """What is over, oldest first."""
        for stored in self.records.stored(PAST.prefix):
            yield self._opened(stored.key, PAST, self.records.open(stored))

    def find(self, id: str) -> Approval | None:
        """The approval *id* as it is stored, in whichever of the two."""
        for row in self.live()[1]:
            if row.approval.id == id:
                return row.approval
        document = self.records.read(PAST.key(id)).document  # behind the first: they move in this direction
        return None if document is None else self._opened(PAST.key(id), PAST, document)

    def named(self, principal: str, key: str) -> str | None:
        """The id of what *principal* asked for under *key*."""
        document = self.records.read(_key(principal, key)).document
        return None if document is None else document.decode()

    def _opened(self, key: bytes, namespace: Namespace, document: bytes) -> Approval:
        approval = decode_approval(document)
        if key != namespace.key(approval.id):
            raise IntegrityError("approval.damaged", "the record of an approval belongs to another one")
        return approval

    def outdated(self, before_ms: int) -> Iterator[Approval]:
        """Some of those that were asked for before *before_ms* and are over."""
        for stored in self.records.store.scan(PAST.prefix, None, _PRUNED_AT_ONCE):
            made = stored.key.removeprefix(PAST.prefix).decode("ascii", "replace")
            if is_ulid(made) and ulid_ms(made) >= before_ms:
                return
            yield self._opened(stored.key, PAST, self.records.open(stored))


def take_turn(change: Change, turn: int) -> None:
    """Add to *change*: nobody asked for, decided or cancelled anything since *turn* was read. So what was seen of all
    approvals is still true, and two equal requests at once are one."""
    change.check(_TURN, turn)
    change.put(_TURN, b"")


def keep(change: Change, approval: Approval) -> None:
    """Add to *change*: the approval counts."""
    change.put(LIVE.key(approval.id), encode_approval(approval))


def unchanged(change: Change, row: Row) -> None:
    """Add to *change*: the approval is still what was read. A deleted record keeps its version; so what is over is
    noticed by what was written for it."""
    change.check(LIVE.key(row.approval.id), row.version)
    change.check(PAST.key(row.approval.id), 0)


def retire(change: Change, row: Row, ended: Approval) -> None:
    """Add to *change*: what was read is over, as *ended*."""
    unchanged(change, row)
    change.delete(LIVE.key(ended.id))
    change.put(PAST.key(ended.id), encode_approval(ended))


def name(change: Change, principal: str, key: str, id: str) -> None:
    """Add to *change*: *principal* calls the approval *id* *key*."""
    change.put(_key(principal, key), id.encode())


def forget(change: Change, approval: Approval) -> None:
    """Add to *change*: nothing is known any more of an approval that is over."""
    change.delete(PAST.key(approval.id))
    if approval.key is not None:
        change.delete(_key(approval.binding.principal, approval.key))


def _key(principal: str, key: str) -> bytes:
    return KEYS.key(sha256(frame("palyra approval key", principal, key)))

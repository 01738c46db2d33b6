"""Incarnations: a vault that was restored, taken over or put back on purpose is not quite the one it was.

What was handed out before (grants, leases, tokens) may have been used since in the life that was lost; so it names
the incarnation it was made in, and counts for nothing in the next.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from palyra_kernel.errors import IntegrityError
from palyra_kernel.records import Change, Namespace, Records
from palyra_kernel.values.decisions import VAULT
from palyra_kernel.values.decoding import decode_json
from palyra_kernel.values.ids import new_id, now_ms

INCARNATIONS = Namespace("incarnation", guarded=True)
_KEY = INCARNATIONS.key("vault")
_FORMAT = 1

Cause = Literal["made", "restored", "adopted", "rolled_back"]


class Incarnation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One life of a vault. ``number`` counts from 1; ``id`` is random, so that two restores of one backup differ."""

    format: int
    id: str
    number: int
    cause: Cause
    started_at_ms: int


def load_incarnation(records: Records) -> Incarnation | None:
    """The present incarnation, compared with the set-hash; None in a vault that was made before there were any."""
    found = records.load_guarded(INCARNATIONS)
    if not found:
        return None
    try:
        incarnation = decode_json(records.open(found[0]), Incarnation)
    except msgspec.DecodeError:
        incarnation = None
    if incarnation is None or incarnation.format != _FORMAT or [each.key for each in found] != [_KEY]:
        raise IntegrityError("incarnation_damaged", "the vault does not say which incarnation it is")
    return incarnation


def put_incarnation(change: Change, before: Incarnation | None, cause: Cause) -> str:
    """Add to *change*: the next incarnation begins, and the audit log says who began it."""
    from palyra_kernel.access.system import system_principal
    from palyra_kernel.audit import Event, encode

    number = 1 if before is None else before.number + 1
    new = Incarnation(format=_FORMAT, id=new_id(), number=number, cause=cause, started_at_ms=now_ms())
    change.put(_KEY, msgspec.json.encode(new))
    event = Event(
        time_ms=new.started_at_ms,
        principal=str(system_principal()),
        action=f"vault.{cause}",
        resource=str(VAULT),
        outcome="allowed",
        code="vault.key_holder",  # whoever opens a slot may: no policy is in force before, or it was put back too
        surface="local",
        details={"incarnation": f"{number} {new.id}"},
    )
    change.record(encode(event))
    return new.id


def start_incarnation(
    records: Records, cause: Cause, also: Callable[[Change, str], None] = lambda _change, _id: None
) -> None:
    """Begin the next incarnation, and take the store as it is for the newest. For whoever decided so. *also* adds what
    belongs into the same commit, and gets the id of the new one."""
    change = Change()
    also(change, put_incarnation(change, load_incarnation(records), cause))
    records.renew(change)

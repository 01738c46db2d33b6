"""The record of a decider: what Argon2id made of the approval passphrase, and how often it was guessed wrong."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from palyra_kernel.errors import IntegrityError
from palyra_kernel.records import Change, Namespace, Records
from palyra_kernel.values.argon2 import ITERATIONS, LANES, MEMORY_KIB
from palyra_kernel.values.decoding import decode_json
from palyra_kernel.values.digest import sha256
from palyra_kernel.values.framing import frame
from palyra_kernel.values.principals import Principal

APPROVERS = Namespace("approver", guarded=True)
FORMAT = 1


class Cost(NamedTuple):
    """What one guess takes."""

    memory_kib: int = MEMORY_KIB
    iterations: int = ITERATIONS
    lanes: int = LANES


class Approver(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A decider. ``failures``: wrong guesses in a row, with the one that is being derived; ``tried_ms``: the last."""

    format: int
    principal: str
    cost: Cost
    salt: bytes
    derived: bytes
    set_ms: int
    failures: int = 0
    tried_ms: int = 0


def find_approver(records: Records, principal: Principal) -> tuple[int, Approver | None]:
    """The version of the record of *principal*, and the record if there is one."""
    key = _key(principal)
    before = records.read(
        key
    ).version  # before the others are looked at: what comes in between must not look old
    for stored in records.load_guarded(APPROVERS):  # or a count could be put back
        if stored.key == key:
            approver = decode_approver(records.open(stored))
            if approver.principal != str(principal):
                raise _damaged()
            return stored.version, approver
    return before, None


def _key(principal: Principal) -> bytes:
    return APPROVERS.key(sha256(frame("palyra approver", str(principal))))


def put_approver(principal: Principal, version: int, approver: Approver) -> Change:
    """The change that stores *approver* in place of what was read at *version*."""
    change = Change()
    change.check(_key(principal), version)
    change.put(_key(principal), msgspec.json.encode(approver))
    return change


def decode_approver(document: bytes) -> Approver:
    """Parse a record. Raises :class:`IntegrityError` ``approval.damaged``."""
    try:
        approver = decode_json(document, Approver)
    except (msgspec.DecodeError, UnicodeDecodeError):
        approver = None
    if approver is None or approver.format != FORMAT:
        raise _damaged()
    return approver


def _damaged() -> IntegrityError:
    return IntegrityError("approval.damaged", "the record of an approver is damaged")

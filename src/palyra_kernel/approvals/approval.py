"""One approval: what was asked, who answered how, what it is good for. ``docs/approvals.md`` has the state machine."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec
from msgspec.structs import replace

from palyra_kernel.approvals.binding import Binding
from palyra_kernel.errors import IntegrityError
from palyra_kernel.values.decisions import ApprovalOption, Obligation
from palyra_kernel.values.decoding import decode_json

FORMAT = 1

Moment = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799_999)]
"""Milliseconds since 1970, up to the year 9999."""

State = Literal["pending", "allowed", "denied", "expired", "cancelled", "consumed", "revoked"]
FINAL: Final[frozenset[State]] = frozenset({"denied", "expired", "cancelled", "consumed", "revoked"})
"""The states that nothing leads out of."""


class Vote(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one decider said. ``method``: how they proved who they are; ``device``: on what, as far as that is known."""

    decider: str
    allow: bool
    option: ApprovalOption
    ttl_seconds: int
    method: str
    device: str
    reason: str
    at_ms: Moment


class Approval(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a human is asked, and what came of it.

    ``policy``: digest of the policies that asked. ``incarnation``: the life of the vault it belongs to. ``shown``: the
    exact arguments as canonical JSON, secrets masked. ``since_ms`` and ``until_ms``: when its state began and when it
    ends, for a request that nobody answers, a grant, and a denial that is remembered. ``key``: the asker's name for it.
    """

    format: int
    id: str
    binding: Binding
    obligation: Obligation
    rules: tuple[str, ...]
    policy: str
    incarnation: str
    session: str
    surface: str
    purpose: str
    vouched_by: str | None
    shown: str
    key: str | None
    asked_ms: Moment
    state: State
    since_ms: Moment
    until_ms: Moment
    votes: tuple[Vote, ...] = ()
    option: ApprovalOption | None = None

    def at(self, now: int, incarnation: str) -> Approval:
        """What it is at the moment *now*: time ends requests and grants, whether anybody wrote that down or not.

        So does another life of the vault, and a clock that stands before the state began: it was set back, and what it
        says of the time that is left means nothing.
        """
        if self.state not in ("pending", "allowed"):
            return self
        if self.incarnation == incarnation and self.since_ms <= now < self.until_ms:
            return self
        return replace(self, state="expired", since_ms=min(now, self.until_ms))

    def ended(self, state: State, now: int) -> Approval:
        """The same approval, in another *state* since *now*."""
        return replace(self, state=state, since_ms=now)

    def over(self, now: int) -> bool:
        """Whether nothing depends on it any more. A denial counts until it is forgotten."""
        return self.state in FINAL and not (self.state == "denied" and now < self.until_ms)


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """An approval that may be used now, and the version of its record: of whoever uses it up at once, one does."""

    approval: Approval
    version: int

    @property
    def id(self) -> str:
        """Of the approval."""
        return self.approval.id


def encode_approval(approval: Approval) -> bytes:
    """The document of its record."""
    return msgspec.json.encode(approval)


def decode_approval(document: bytes) -> Approval:
    """The opposite. Raises :class:`IntegrityError` ``approval.damaged``."""
    try:
        approval = decode_json(document, Approval)
    except (msgspec.DecodeError, UnicodeDecodeError):
        approval = None
    granted = approval is not None and approval.state in ("allowed", "consumed", "revoked")
    if approval is None or approval.format != FORMAT or (granted and approval.option is None):
        raise IntegrityError(
            "approval.damaged",
            "the record of an approval is damaged, or of a newer palyra-kernel",
            hint="palyra vault verify says whether it was tampered with",
        )
    return approval

"""Work as it reaches a node, and what a node says of it."""

from __future__ import annotations

import time
from typing import Literal

import msgspec

from palyra_kernel.contracts.capabilities import MOST_BYTES, is_capability_name
from palyra_kernel.errors import InvalidInputError
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.decoding import decode_json
from palyra_kernel.values.digest import sha256
from palyra_kernel.values.ulid import is_ulid

MOST_LEFT_MS = 86_400_000
"""No lease lives longer than a day."""
MAX_BYTES = 1024 * 1024
_GRANT_BYTES = 65_536
_INVOKER_LENGTH = 512
_HOLDER_BYTES = 256
MESSAGE_LENGTH = 240
_MOST = (MOST_BYTES, _GRANT_BYTES, _INVOKER_LENGTH, _HOLDER_BYTES)

State = Literal[
    "refused", "acknowledged", "awaiting_local", "running", "succeeded", "failed", "expired", "cancelled"
]
"""``refused``: nothing was written down and nothing ran. The last four are final."""

FINAL: frozenset[State] = frozenset(("succeeded", "failed", "expired", "cancelled"))


class Work(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A lease. ``digest``: SHA-256 of ``input``, as it was when the lease was made. ``left_ms``: how long the gateway
    still waits; not a time of day, because the clocks of the two may differ. ``invoker``: for whom it is, as a
    principal. ``grant``: what the gateway signed, and the node checks. ``holder``: the word by which the gateway knows
    that this node has the lease; each report brings it back."""

    lease: str
    device: str
    capability: str
    input: bytes
    digest: bytes
    left_ms: int
    invoker: str = ""
    grant: bytes = b""
    holder: bytes = b""


class Report(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What became of a lease. ``holder``: as it came with the lease; ``output``: JSON, where it succeeded; ``code`` and
    ``message``: why it did not."""

    lease: str
    state: State
    holder: bytes = b""
    output: bytes = b""
    code: str = ""
    message: str = ""

    @property
    def final(self) -> bool:
        """Whether nothing follows."""
        return self.state in FINAL


def accepted_work(data: bytes, device: str) -> Work:
    """The lease in *data*, if it is one for *device*, whole and within its bounds.

    Raises :class:`InvalidInputError` ``invalid_work``, ``foreign_work``, ``input_changed``.
    """
    if len(data) > MAX_BYTES:
        raise _invalid("it is too long")
    try:
        work = decode_json(data, Work)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise _invalid("it is not well-formed") from None
    return checked_work(work, device)


def checked_work(work: Work, device: str) -> Work:
    """*work*, if it is what :func:`accepted_work` accepts."""
    if not (is_ulid(work.lease) and is_capability_name(work.capability)):
        raise _invalid("its id or its capability is none")
    sizes = (len(work.input), len(work.grant), len(work.invoker), len(work.holder))
    if any(size > most for size, most in zip(sizes, _MOST, strict=True)):
        raise _invalid("a field of it is too long")
    if not 0 <= work.left_ms <= MOST_LEFT_MS:
        raise _invalid("its time is not within a day")
    if work.device != device:
        raise InvalidInputError("foreign_work", "the lease is of another device")
    if sha256(work.input) != work.digest:
        raise InvalidInputError("input_changed", "the input is not the one that the lease was made for")
    return work


def _invalid(why: str) -> InvalidInputError:
    return InvalidInputError("invalid_work", f"what came is no lease: {why}")


class LeaseDeadline(Deadline):
    """The moment at which the gateway stops waiting. Nothing begins behind it, by either clock: the monotonic one
    stands still while a machine sleeps, and the other one may be set."""

    __slots__ = ("_until",)

    def __init__(self, left_ms: int) -> None:
        super().__init__(time.monotonic() + left_ms / 1000)
        self._until = time.time() + left_ms / 1000

    def may_begin(self) -> bool:
        return not self.expired and time.time() < self._until

"""What devices do with leases: take the next one, once, and say what becomes of it.

Each act is committed here, before it is answered, with what belongs beside it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from cryptography.hazmat.primitives.constant_time import bytes_eq

from palyra_kernel.errors import DeniedError, InvalidInputError
from palyra_kernel.nodes.acting import act
from palyra_kernel.nodes.active import active
from palyra_kernel.nodes.lease import Lease, over
from palyra_kernel.nodes.ledger import Line, Row
from palyra_kernel.nodes.shared import Shared
from palyra_kernel.nodes.states import STEPS, TERMINAL, NodeEvent
from palyra_kernel.nodes.summaries import summary
from palyra_kernel.nodes.turn import Turn
from palyra_kernel.nodes.waiters import Waiters
from palyra_kernel.records import Change
from palyra_kernel.values.digest import sha256
from palyra_kernel.values.ulid import new_ulid

T = TypeVar("T")
TOKEN_BYTES = 16


class Handed(NamedTuple):
    """What a device gets: the lease, its input, and the token that every word about it must bring. ``left_ms``: until
    the deadline; the clock of the device counts for nothing."""

    lease: Lease
    body: bytes
    token: bytes
    left_ms: int

    def __repr__(self) -> str:
        return f"<handed over: {self.lease.id}>"


def new_token() -> bytes:
    """Nobody guesses it."""
    return os.urandom(TOKEN_BYTES)


class Dispatch:
    """The leases of one vault, as devices meet them. Any number of threads may share it."""

    def __init__(self, shared: Shared, waiters: Waiters) -> None:
        self._shared = shared
        self._ledger = shared.ledger
        self._limits = shared.limits
        self._waiters = waiters

    def line(self, device: str) -> Line:
        """The leases of *device*. Whoever serves it tells it of those that it has and that are gone from here."""
        return self._ledger.line(device)[1]

    def hand_over(self, device: str, token: bytes = b"") -> Handed | None:
        """The next lease of *device*, which has it from now on, whatever becomes of the connection: committed before it
        is sent, and never handed over again. None if there is nothing for it now, or it has enough in hand.
        *token*: that of the stream that it goes over; without it the lease gets one of its own.

        Raises :class:`DeniedError` ``device_unknown``, ``wrong_device_kind``.
        """
        if not self.line(device).queued:
            active(self._shared.records, Change(), device, "take")
            return None

        def plan(turn: Turn) -> Handed | None:
            active(self._shared.records, turn.change, device, "take")
            if len(turn.line.held) >= self._limits.in_hand:
                turn.end_overdue()
            room = len(turn.line.held) < self._limits.in_hand
            handed = self._next(turn, token or new_token()) if room else None
            turn.write()
            return handed

        return self._act(device, plan)

    def _next(self, turn: Turn, token: bytes) -> Handed | None:
        if self._shared.registry.get(turn.device) is None:
            return None
        node = self._shared.registry.standing(turn.change, turn.device)
        for each in turn.line.queued:
            row = turn.row(each)
            lease = row.lease
            if turn.overdue(lease):
                turn.end(row, "expire")
            elif not node.offers(lease.capability):
                continue
            elif not self._granted(turn, lease):
                turn.end(row, "cancel", ended="the capability is not granted any more")
            else:
                body = turn.body(lease)
                return Handed(turn.take(row, sha256(token)), body, token, lease.deadline_ms - turn.now_ms)
        return None

    def _granted(self, turn: Turn, lease: Lease) -> bool:
        try:
            self._shared.grants.check(turn.change, lease.device, lease.capability, lease.invoker, turn.now_ms)
        except DeniedError:
            return False
        return True

    def report(
        self, device: str, id: str, token: bytes, event: NodeEvent, *, output: bytes = b"", error: str = ""
    ) -> Lease:
        """What *device* says of a lease that it has. *output* counts with ``succeed``, *error* with ``fail``.

        Raises :class:`DeniedError` ``lease_not_held`` for a lease of another device, for one that there never was, and
        for a wrong *token*, all the same; :class:`ConflictError` ``lease_over`` behind the deadline, the cancellation
        or the first answer, ``lease_not_ready``; :class:`InvalidInputError` ``output_too_large``; and as
        :meth:`hand_over`.
        """
        if len(output) > self._limits.output_bytes:
            raise InvalidInputError(
                "output_too_large", f"an output has up to {self._limits.output_bytes} bytes"
            )
        facts = self._facts(event, output, error)

        def plan(turn: Turn) -> Lease:
            active(self._shared.records, turn.change, device, "answer")
            row = self._held(device, id, token)
            if STEPS.get((row.lease.state, event)) not in TERMINAL:
                return turn.keep(row, event, **facts)
            lease = turn.end(row, event, body=output if event == "succeed" else None, **facts)
            turn.write()
            return lease

        return self._act(device, plan)

    def _facts(self, event: NodeEvent, output: bytes, error: str) -> dict[str, object]:
        if event == "succeed":
            made = new_ulid(self._shared.clock.now_ms())
            return {"output": made, "output_digest": sha256(output), "answered": summary(output)}
        return {"ended": summary(error)} if event == "fail" else {}

    def _held(self, device: str, id: str, token: bytes) -> Row:
        row = self._ledger.live(id)
        lease = self._ledger.past(id) if row is None else row.lease
        if lease is None or lease.device != device or not bytes_eq(sha256(token), lease.holder):
            raise DeniedError("lease_not_held", "this device does not have this lease")
        if row is None:
            raise over(id, lease.state)
        return row

    def end_overdue(self, device: str) -> int:
        """Write down which leases of *device* time has ended; return how many."""

        def plan(turn: Turn) -> int:
            turn.end_overdue()
            turn.write()
            return -turn.grown

        return self._act(device, plan)

    def _act(self, device: str, plan: Callable[[Turn], T]) -> T:
        news: list[bytes] = []

        def planned(change: Change) -> T:
            turn = Turn(self._shared, change, device, self._shared.clock.now_ms())
            result = plan(turn)
            news[:] = turn.news
            return result

        result = act(self._shared.records, planned)
        self._waiters.wake(*news)
        return result

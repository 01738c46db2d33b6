"""One piece of work for one device: what is known of it, and what becomes of it with each event."""

from __future__ import annotations

import msgspec

from palyra_kernel.errors import ConflictError, IntegrityError
from palyra_kernel.nodes.limits import ACKNOWLEDGE_MS
from palyra_kernel.nodes.states import LIVE, STEPS, TERMINAL, Event, State
from palyra_kernel.values.decoding import decode_json

_FORMAT = 1


class Lease(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing here is secret: inputs and outputs are records of their own. Times are milliseconds since 1970, by the
    clock of the gateway.

    ``order``: digest of what was asked for; ``input``: that of the input. ``until_ms``: when the state is over by
    itself, the deadline or, before the node's first word, earlier. ``holder``: digest of the token that the node got
    with the lease. ``incarnation``: the life of the vault that it belongs to. ``output``: the record of the output,
    empty where there is none; ``ended``: in a word, why it was cancelled or failed.
    """

    id: str
    device: str
    capability: str
    invoker: str
    key: str
    order: bytes
    input: bytes
    grant: str
    incarnation: str
    created_ms: int
    deadline_ms: int
    until_ms: int
    changed_ms: int
    state: State = "queued"
    holder: bytes = b""
    asked: str = ""
    answered: str = ""
    output: str = ""
    output_digest: bytes = b""
    ended: str = ""

    def at(self, now_ms: int, incarnation: str) -> State:
        """The state at *now_ms*, whether or not anybody wrote down that the time is over. In another life of the vault
        whatever was not over is: it may have been done in the life that was given up."""
        if self.state in LIVE and (now_ms >= self.until_ms or self.incarnation != incarnation):
            return "expired"
        return self.state


def step(lease: Lease, event: Event, now_ms: int, incarnation: str, **facts: object) -> Lease:
    """*lease* after *event*, with *facts* as its new fields.

    Raises :class:`ConflictError` ``lease_over`` where nothing happens any more, ``lease_not_ready`` where this does not
    happen now.
    """
    state = lease.at(now_ms, incarnation)
    overdue = state == "expired" and lease.state in LIVE
    if event == "expire" and overdue:
        return _moved(lease, "expired", now_ms, facts)
    if state in TERMINAL:
        raise over(lease.id, state)
    following = STEPS.get((state, event))
    if following is None or event == "expire":
        raise ConflictError("lease_not_ready", f"the lease {lease.id} is {state}: no {event} now")
    return _moved(lease, following, now_ms, facts)


def over(id: str, state: State) -> ConflictError:
    """That nothing happens any more to the lease *id*."""
    return ConflictError("lease_over", f"the lease {id} is {state}")


def _moved(lease: Lease, state: State, now_ms: int, facts: dict[str, object]) -> Lease:
    until = min(lease.deadline_ms, now_ms + ACKNOWLEDGE_MS) if state == "leased" else lease.deadline_ms
    return msgspec.structs.replace(lease, state=state, changed_ms=now_ms, until_ms=until, **facts)


class _Document(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: int
    lease: Lease


def encoded(lease: Lease) -> bytes:
    """The document of *lease*."""
    return msgspec.json.encode(_Document(format=_FORMAT, lease=lease))


def decoded(document: bytes) -> Lease:
    """The opposite. Raises :class:`IntegrityError` ``lease_damaged``."""
    try:
        found = decode_json(document, _Document)
    except (msgspec.DecodeError, UnicodeDecodeError):
        found = None
    if found is None or found.format != _FORMAT:
        raise damaged()
    return found.lease


def damaged() -> IntegrityError:
    """That records of leases do not fit together."""
    return IntegrityError("lease_damaged", "a record of leases is damaged", hint="palyra vault verify")

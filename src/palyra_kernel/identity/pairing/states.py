"""The states of a pairing, and every step there is between them. No clock is read, nothing is stored."""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

import msgspec

from palyra_kernel.errors import ConflictError
from palyra_kernel.identity.names import DeviceKind
from palyra_kernel.identity.pairing.messages import Method

State = Literal[
    "requested",
    "proven",
    "awaiting_approval",
    "approved",
    "issued",
    "acknowledged",
    "rejected",
    "expired",
    "cancelled",
    "failed",
]
Event = Literal["finish", "ask", "approve", "reject", "issue", "acknowledge", "fail", "cancel", "expire"]
STATES: tuple[State, ...] = get_args(State)
EVENTS: tuple[Event, ...] = get_args(Event)

RUN_MS = 120_000
"""From the gateway's share to the device's proof."""
APPROVAL_MS = 600_000
"""From the proof to the decision."""
PICKUP_MS = 3_600_000
"""From the approval to the certificate."""
ACKNOWLEDGE_MS = 3_600_000
"""From the certificate to the first call that is made with it."""

STEPS: dict[tuple[State, Event], State] = {  # all of them; whatever is not here is refused
    ("requested", "finish"): "proven",
    ("requested", "fail"): "failed",
    ("proven", "ask"): "awaiting_approval",
    ("awaiting_approval", "approve"): "approved",
    ("awaiting_approval", "reject"): "rejected",
    ("approved", "issue"): "issued",
    ("issued", "acknowledge"): "acknowledged",
}
_ALIVE: tuple[State, ...] = ("requested", "proven", "awaiting_approval", "approved", "issued")
for _state in _ALIVE:
    STEPS[_state, "cancel"] = "cancelled"
    STEPS[_state, "expire"] = "expired"
LIVE = frozenset(_ALIVE)
TERMINAL = frozenset(STATES) - LIVE


class Pairing(msgspec.Struct, frozen=True, kw_only=True):
    """A run and what became of it; nothing here is secret. Times are milliseconds since 1970.

    ``issued_by``: the principal that asked for the code; ``name``: how they call the device.
    From ``identity`` on, fields are empty until there is a proof. ``replaces``: the fingerprint of the identity key
    that the device id had until now, where this is another one.
    """

    id: str
    state: State
    code: str
    method: Method
    device: str
    kind: DeviceKind
    source: str
    begun_ms: int
    deadline_ms: int
    changed_ms: int
    name: str = ""
    issued_by: str = ""
    identity: bytes = b""
    agreement: bytes = b""
    request: bytes = b""
    transcript: bytes = b""
    words: str = ""
    digits: str = ""
    replaces: str = ""
    approval: str = ""
    decided_by: str = ""
    decided_transcript: bytes = b""
    reason: str = ""
    counter: int = 0
    certificates: tuple[bytes, ...] = ()
    bundle: bytes = b""

    def now(self, at_ms: int) -> State:
        """The state at *at_ms*: what nobody ended in time is expired, whether or not that was written down."""
        return "expired" if self.state in LIVE and at_ms >= self.deadline_ms else self.state


class Decided(NamedTuple):
    """What a decision is about: who made it, and the transcript that they were shown."""

    by: str
    transcript: bytes
    reason: str = ""


def step(pairing: Pairing, event: Event, at_ms: int, **facts: object) -> Pairing:
    """*pairing* after *event* at *at_ms*, with *facts* as its new fields.

    Raises :class:`ConflictError` ``pairing_over`` where nothing happens any more, ``pairing_not_ready`` where this does
    not happen now.
    """
    state = pairing.now(at_ms)
    if event == "expire" and pairing.state in LIVE and state == "expired":
        return _moved(pairing, "expired", at_ms, facts)
    if state in TERMINAL:
        raise ConflictError("pairing_over", f"the pairing {pairing.id} is {state}", hint="pair again")
    following = STEPS.get((state, event))
    if following is None or event == "expire":
        raise ConflictError("pairing_not_ready", f"the pairing {pairing.id} is {state}")
    return _moved(pairing, following, at_ms, facts)


def decide(pairing: Pairing, decided: Decided, *, approve: bool, at_ms: int) -> Pairing:
    """*pairing* after a decision. Raises what :func:`step` raises, and :class:`ConflictError` ``other_transcript``
    where something else was shown to whoever decided."""
    if not pairing.transcript or decided.transcript != pairing.transcript:
        raise ConflictError(
            "other_transcript", "what was decided is not this pairing", hint="look at it again"
        )
    return step(
        pairing,
        "approve" if approve else "reject",
        at_ms,
        decided_by=decided.by,
        decided_transcript=decided.transcript,
        reason=decided.reason,
    )


_TIMES: dict[State, int] = {
    "proven": APPROVAL_MS,
    "approved": PICKUP_MS,
    "issued": ACKNOWLEDGE_MS,
}


def _moved(pairing: Pairing, state: State, at_ms: int, facts: dict[str, object]) -> Pairing:
    deadline = at_ms + _TIMES[state] if state in _TIMES else pairing.deadline_ms
    return msgspec.structs.replace(pairing, state=state, changed_ms=at_ms, deadline_ms=deadline, **facts)

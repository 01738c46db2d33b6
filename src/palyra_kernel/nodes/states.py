"""The states of a lease, and every step there is between them. No clock is read, nothing is stored."""

from __future__ import annotations

from typing import Literal, get_args

State = Literal[
    "queued",
    "leased",
    "acknowledged",
    "running",
    "awaiting_local",
    "succeeded",
    "failed",
    "expired",
    "cancelled",
]
NodeEvent = Literal["acknowledge", "start", "ask_local", "consent", "succeed", "fail"]
"""What the node that has a lease may say of it."""
Event = Literal[NodeEvent, "hand_over", "cancel", "expire"]

STATES: tuple[State, ...] = get_args(State)
NODE_EVENTS: tuple[NodeEvent, ...] = get_args(NodeEvent)
EVENTS: tuple[Event, ...] = (*NODE_EVENTS, "hand_over", "cancel", "expire")

STEPS: dict[tuple[State, Event], State] = {  # all of them; whatever is not here is refused
    ("queued", "hand_over"): "leased",
    ("leased", "acknowledge"): "acknowledged",
    ("acknowledged", "start"): "running",
    ("acknowledged", "ask_local"): "awaiting_local",
    ("running", "ask_local"): "awaiting_local",
    ("awaiting_local", "consent"): "running",
    ("acknowledged", "succeed"): "succeeded",
    ("running", "succeed"): "succeeded",
    ("leased", "fail"): "failed",
    ("acknowledged", "fail"): "failed",
    ("running", "fail"): "failed",
    ("awaiting_local", "fail"): "failed",
}
HELD: frozenset[State] = frozenset(("leased", "acknowledged", "running", "awaiting_local"))
"""Those in which a node has the lease."""
LIVE: frozenset[State] = HELD | {"queued"}
TERMINAL: frozenset[State] = frozenset(STATES) - LIVE
for _state in sorted(LIVE):
    STEPS[_state, "cancel"] = "cancelled"
    STEPS[_state, "expire"] = "expired"

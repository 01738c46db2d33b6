"""How much, how many and how long."""

from __future__ import annotations

import msgspec

from palyra_kernel.errors import InvalidInputError

KIB = 1024
_SECOND = 1000
_HOUR = 3_600_000

SUMMARY_CHARS = 240
ACKNOWLEDGE_MS = 30_000
"""From the hand-over to the node's word that it has the lease."""

_MOST_BYTES = 1_000 * KIB
"""A record holds 1 MiB, sealed."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes of an input and of an output; leases that wait or run, of one device and of all; how many of them one
    device has in hand; how long a lease, an output and a line of the history last, and how many lines there are."""

    input_bytes: int = 64 * KIB
    output_bytes: int = 64 * KIB
    per_device: int = 64
    in_hand: int = 16
    all: int = 10_000
    least_ms: int = _SECOND
    most_ms: int = 24 * _HOUR
    output_ms: int = _HOUR
    history_ms: int = 7 * 24 * _HOUR
    history: int = 100_000

    def __post_init__(self) -> None:
        if (
            max(self.input_bytes, self.output_bytes) > _MOST_BYTES
            or min(self.input_bytes, self.output_bytes) < 1
        ):
            raise InvalidInputError("invalid_limit", f"an input and an output have 1 to {_MOST_BYTES} bytes")
        if not 1 <= self.in_hand <= self.per_device <= self.all or not 1 <= self.least_ms <= self.most_ms:
            raise InvalidInputError("invalid_limit", "the limits of leases contradict each other")

"""One event: a name, and what a device says with it. The time is the gateway's, because clocks of devices lie."""

from __future__ import annotations

import re

import msgspec

from palyra_kernel.contracts.capabilities import is_json
from palyra_kernel.errors import InvalidInputError

MOST_PAYLOAD = 4096
MOST_AT_ONCE = 100

_is_name = re.compile(r"[a-z][a-z0-9_.-]{0,63}").fullmatch


class NewEvent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """As a device sends it. ``payload``: JSON of at most 4,096 bytes. Raises :class:`InvalidInputError`
    ``invalid_event``."""

    name: str
    payload: bytes = b"null"

    def __post_init__(self) -> None:
        if not _is_name(self.name):
            raise _invalid("its name is not 1 to 64 of a-z 0-9 _ . -, a letter first")
        if len(self.payload) > MOST_PAYLOAD or not is_json(self.payload):
            raise _invalid(f"its payload is no JSON of at most {MOST_PAYLOAD:,} bytes")


class Event(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """As it is kept. ``at_ms``: when the gateway wrote it down."""

    sequence: int
    at_ms: int
    name: str
    payload: bytes


def _invalid(why: str) -> InvalidInputError:
    return InvalidInputError("invalid_event", f"this is no event: {why}")

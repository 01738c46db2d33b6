"""What the author of a capability implements: one thing that a node can do for its gateway."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from threading import Event
from typing import Any, ClassVar, Literal, Self

import msgspec

from palyra_kernel.errors import InvalidInputError, UnavailableError
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.decoding import decode_json

Sensitivity = Literal["plain", "local_consent"]
"""``local_consent``: whoever sits at the node is asked before each call, and silence is a no."""

NAME_LENGTH = 64
MOST_BYTES = 512 * 1024
"""The most that any input or output may have."""

_is_name = re.compile(r"[a-z][a-z0-9_-]*(?:\.[a-z0-9_-]+)*").fullmatch


def is_capability_name(text: str) -> bool:
    """Whether *text* names a capability, like ``echo`` or ``system.health``: 1 to 64 of ``a-z 0-9 _ -``, in parts with
    a ``.`` between them, a letter first."""
    return len(text) <= NAME_LENGTH and _is_name(text) is not None


def is_json(document: bytes) -> bool:
    """Whether *document* is one JSON value in UTF-8 that can be read: not nested hundreds deep, numbers in range."""
    try:
        decode_json(document, object)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


class CapabilityPlace(msgspec.Struct, frozen=True, kw_only=True):
    """What a capability is opened with. ``device``: the id of this node; ``version``: that of the kernel;
    ``settings``: its table of the operator's. A setting that you do not know is an error,
    :class:`InvalidInputError` ``invalid_config``."""

    device: str
    version: str
    settings: Mapping[str, Any] = {}


class CapabilityCall:
    """One call. ``deadline``: when nobody waits for the result any more."""

    __slots__ = ("_cancelled", "deadline")

    def __init__(self, deadline: Deadline, cancelled: Event | None = None) -> None:
        self.deadline = deadline
        self._cancelled = Event() if cancelled is None else cancelled

    @property
    def cancelled(self) -> bool:
        """Whether somebody called it off."""
        return self._cancelled.is_set()

    def wait(self, seconds: float) -> bool:
        """Sleep for *seconds*, not beyond the deadline, and wake up when the call is called off: then True."""
        return self._cancelled.wait(min(seconds, self.deadline.remaining()))

    def check(self, doing: str) -> None:
        """Raise :class:`UnavailableError` ``cancelled`` or ``deadline`` where it makes no sense to go on. Ask it
        between the steps of long work."""
        if self.cancelled:
            raise UnavailableError("cancelled", f"{doing} was called off")
        self.deadline.check(doing)


class Capability(ABC):
    """Does one thing on the node, and decides nothing: who may ask for it is settled before it runs.

    Each call runs once, or not at all, in a thread of its own; several may run at once. The kernel turns an exception
    that is none of its own into :class:`UnavailableError` without its text. What an error of the kernel says goes to
    the gateway: put nothing of the machine into it that is not for whoever asked.
    """

    name: ClassVar[str]
    """By which gateways ask for it, for ever: see :func:`is_capability_name`."""

    sensitivity: ClassVar[Sensitivity] = "plain"

    max_input_bytes: ClassVar[int] = 65_536
    """More is refused before it arrives; up to 524,288."""

    max_output_bytes: ClassVar[int] = 65_536
    """More is an error, and none of it leaves the node; up to 524,288."""

    @classmethod
    def open(cls, place: CapabilityPlace) -> Self:
        """Make it with the operator's settings. No request, no program, no question. By default: without settings."""
        if place.settings:
            raise InvalidInputError("invalid_config", f"the capability {cls.name!r} has no settings")
        return cls()

    def available(self) -> str | None:
        """Why it cannot work on this machine now; None if it can. No question, no lasting effect."""
        return None

    @abstractmethod
    def run(self, input: bytes, call: CapabilityCall) -> bytes:
        """Do it, and return JSON. *input* is JSON in UTF-8, and otherwise unknown: what you do not expect is
        :class:`InvalidInputError` ``invalid_input``, before anything is done."""

    def close(self) -> None:  # noqa: B027  # most hold nothing
        """Release everything. Called once; it does not run afterwards."""

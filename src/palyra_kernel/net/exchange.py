"""One request and what is left of its limits, carried to wherever bytes move.

The transport hands the ``timeout`` of a request to our streams untouched, so that is where this travels: every read
and write knows what the whole request has left, and not only what one call may take.
"""

from __future__ import annotations

from palyra_kernel.errors import IntegrityError, UnavailableError
from palyra_kernel.net.limits import Limits
from palyra_kernel.values.deadline import Deadline


class Exchange:
    """Time and bytes that one request has left."""

    __slots__ = ("_asked", "_connect", "_limits", "_total", "ended", "in_body", "left", "received", "sent")

    def __init__(self, limits: Limits, deadline: Deadline | None) -> None:
        total = Deadline.after(limits.total_seconds)
        self._limits = limits
        self._asked = deadline or total
        self._total = total if deadline is None else min(total, deadline, key=lambda one: one.at)
        self._connect = min(self._total, Deadline.after(limits.connect_seconds), key=lambda one: one.at)
        self.left = limits.head_bytes
        self.received = 0
        """Bytes of the response, of any kind."""
        self.sent = False
        """Whether a byte of the request may have left."""
        self.ended = False
        """Whether the other side closed."""
        self.in_body = False

    @property
    def deadline(self) -> Deadline:
        """That of the whole request, or while nothing was sent that of connecting."""
        return self._total if self.sent else self._connect

    def seconds(self) -> float:
        """What the next operation may take. Raises :class:`UnavailableError` ``timeout`` when that is nothing, and
        while nothing was sent ``connect_timeout``: also when the caller's deadline lets nothing begin any more."""
        if self.deadline.expired or not (self.sent or self._asked.may_begin()):
            raise self.late()
        return self.deadline.remaining()

    def late(self) -> UnavailableError:
        """What there is to say when the time is up: whether the other side may have acted makes the difference."""
        if self.sent:
            return UnavailableError(
                "timeout", "the server did not answer in time; it may have acted on the request"
            )
        return UnavailableError("connect_timeout", "the server was not reached in time: nothing was sent")

    def body_begins(self) -> None:
        """The head is there; from now on bytes are those of a body."""
        self.in_body = True
        self.left = self._limits.wire_bytes

    def allowance(self, wanted: int) -> int:
        """How many bytes to read, at most *wanted*. Raises :class:`IntegrityError` ``response_too_large``."""
        if not self.left:
            raise too_large("body" if self.in_body else "head")
        return min(wanted, self.left)

    def took(self, size: int) -> None:
        """Count bytes that were read; none at all is the end."""
        self.received += size
        self.left -= size
        self.ended = not size


def too_large(part: str) -> IntegrityError:
    """The error for a response that goes beyond its limits."""
    return IntegrityError(
        "response_too_large", f"the {part} of the response is larger than this client takes"
    )

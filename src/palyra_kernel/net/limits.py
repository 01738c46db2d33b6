"""How much a client takes and how long it waits."""

from __future__ import annotations

from dataclasses import dataclass, fields

from palyra_kernel.errors import InvalidInputError

_LARGEST_HEAD = 64 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one request. Raises :class:`InvalidInputError` ``bad_limit`` for what is not above zero."""

    total_seconds: float = 10.0
    """From the call to the last byte of the body; a :class:`Deadline` given with the request may end it earlier."""
    connect_seconds: float = 5.0
    """For the name, TCP and TLS together, within the total."""
    head_bytes: int = 32 * 1024
    """Status line and headers, of all interim responses too; at most 64 KiB, which the parser can hold."""
    body_bytes: int = 64 * 1024
    """The body, as it came and as it is returned: nothing is decompressed."""
    connections: int = 10
    """Open at one time; who comes later waits, within the time for connecting."""
    idle_seconds: float = 15.0
    """An unused connection is closed after that."""

    def __post_init__(self) -> None:
        for field in fields(self):
            if not getattr(self, field.name) > 0:  # nor is "not a number"
                raise InvalidInputError("bad_limit", f"{field.name} must be above zero")
        if self.head_bytes > _LARGEST_HEAD:
            raise InvalidInputError("bad_limit", f"head_bytes is at most {_LARGEST_HEAD}")

    @property
    def wire_bytes(self) -> int:
        """What a body may cost on the wire: chunks have sizes, extensions and trailers. A chunk of one byte is six."""
        return 8 * self.body_bytes + self.head_bytes

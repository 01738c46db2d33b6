"""How much one door gives to whom: numbers that hold whatever anybody sends."""

from __future__ import annotations

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Of one door. A connection is half-open until its TLS handshake is over and its peer was admitted.

    A *source* is an IPv4 address, an IPv6 network of 64 bits, or a user of this machine. Times are seconds, sizes
    bytes.
    """

    connections: int = 4096
    """Open ones, half-open ones not counted."""
    per_source: int = 4096
    """Open ones of one source. Devices behind one router are one source."""
    per_device: int = 8
    """Open ones of one device; the oldest goes when there would be more."""
    half_open: int = 1024
    half_open_per_source: int = 128
    burst: int = 1024
    per_second: float = 64
    """New ones of one source: so many at once, and so many more each second. A handshake costs milliseconds."""
    handshake: float = 10
    """For the handshake and the admission behind it."""
    idle: float = 75
    """Without a request being answered; so it is also the time for a request line and its headers."""
    transfer: float = 30
    """For a peer to send the body of a request, or to take a piece of what it is answered."""
    headers: int = 16_384
    body: int = 262_144
    """Of one request, as are the headers."""
    streams: int = 32
    """Requests of one HTTP/2 connection at the same time."""


WORK = Limits()
STRANGERS = Limits(
    connections=512,
    per_source=32,
    half_open=512,
    half_open_per_source=32,
    burst=64,
    per_second=8,
    idle=15,
    transfer=10,
    body=65_536,
    streams=4,
)
"""For a door that opens to whoever knocks."""
LOCAL = Limits(connections=128, per_source=64, half_open=64, half_open_per_source=64, streams=8)
"""For a door that is reached from this machine alone."""

"""What is set below a connection: when TCP gives a peer up, that nothing waits, and how much TLS keeps for each."""

from __future__ import annotations

import asyncio.sslproto
import socket

_QUIET_SECONDS, _BETWEEN_SECONDS, _PROBES = 30, 10, 3
_UNACKNOWLEDGED_MS = 30_000
_RECORD = 16_384
"""Bytes of the largest record of TLS."""


def keep_small_buffers() -> None:
    """asyncio keeps 256 KiB for each connection with TLS, to read into; a record at a time needs a sixteenth. For the
    whole process; connections that are open keep what they have."""
    asyncio.sslproto.SSLProtocol.max_size = _RECORD


def keep_watch_of(connected: socket.socket) -> None:
    """Close *connected* a minute after its peer has stopped to answer, as far as the system can: also while nothing is
    sent to it."""
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    # asyncio asks for this where it made the listening socket itself. Without it the body of an answer waits for the
    # peer to acknowledge the head, which it does 40 ms later.
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for name, value in (
        ("TCP_KEEPIDLE", _QUIET_SECONDS),
        ("TCP_KEEPINTVL", _BETWEEN_SECONDS),
        ("TCP_KEEPCNT", _PROBES),
        ("TCP_USER_TIMEOUT", _UNACKNOWLEDGED_MS),
    ):
        option = getattr(socket, name, None)
        if option is not None:
            connected.setsockopt(socket.IPPROTO_TCP, option, value)

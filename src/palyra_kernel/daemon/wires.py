"""What TCP itself is told of a connection, so that a peer that vanished is noticed while nothing is sent to it."""

from __future__ import annotations

import socket

_QUIET_SECONDS, _BETWEEN_SECONDS, _PROBES = 30, 10, 3
_UNACKNOWLEDGED_MS = 30_000


def keep_watch_of(connected: socket.socket) -> None:
    """Close *connected* a minute after its peer has stopped to answer, as far as the system can."""
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_KEEPIDLE", _QUIET_SECONDS),
        ("TCP_KEEPINTVL", _BETWEEN_SECONDS),
        ("TCP_KEEPCNT", _PROBES),
        ("TCP_USER_TIMEOUT", _UNACKNOWLEDGED_MS),
    ):
        option = getattr(socket, name, None)
        if option is not None:
            connected.setsockopt(socket.IPPROTO_TCP, option, value)

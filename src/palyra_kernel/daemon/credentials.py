"""Which user is at the other end of a unix socket: what the system says, not what they say."""

from __future__ import annotations

import socket
import struct
import sys

from palyra_kernel.daemon.peers import User
from palyra_kernel.errors import UnavailableError

_LOCAL_PEERCRED, _LOCAL_PEERPID = 1, 2
_XUCRED = struct.Struct("=IIh2x16I")


def user_of(connected: socket.socket) -> User:
    """Who connected. Raises :class:`UnavailableError` ``no_peer_credentials``."""
    try:
        if sys.platform == "linux":
            fields = struct.Struct("iII")
            pid, uid, gid = fields.unpack(
                connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, fields.size)
            )
            return User(uid=uid, gid=gid, pid=pid)
        elif sys.platform == "darwin":
            found = connected.getsockopt(0, _LOCAL_PEERCRED, _XUCRED.size)
            _, uid, _, gid, *_ = _XUCRED.unpack(found)
            (pid,) = struct.unpack("i", connected.getsockopt(0, _LOCAL_PEERPID, 4))
            return User(uid=uid, gid=gid, pid=pid)
    except (OSError, struct.error):
        pass  # said below: there is no peer without its credentials
    raise UnavailableError("no_peer_credentials", "this system does not say who connected to a socket")

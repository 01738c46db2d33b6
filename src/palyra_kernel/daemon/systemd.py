"""What systemd and a service tell each other: sockets that are handed over, and how the service is.

By the protocols of sd_listen_fds(3) and sd_notify(3): three variables, and datagrams to a socket. Elsewhere nothing of
it is set, and nothing is said.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping, MutableMapping

from palyra_kernel.errors import InvalidInputError

_FIRST = 3
_LISTEN = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")
_MOST = 64


def inherited(environment: MutableMapping[str, str]) -> dict[str, list[int]]:
    """The descriptors that are handed over to this process, by their names; the variables are taken away, so that no
    child believes that they are its own.

    Raises :class:`InvalidInputError` ``invalid_listen_fds``.
    """
    pid, count, names = (environment.pop(name, "") for name in _LISTEN)
    if pid != str(os.getpid()):
        return {}
    if not count.isdecimal() or not 0 < int(count) <= _MOST:
        raise InvalidInputError("invalid_listen_fds", f"LISTEN_FDS is 1 to {_MOST}")
    called = names.split(":") if names else []
    if len(called) != int(count):
        raise InvalidInputError(
            "invalid_listen_fds",
            "LISTEN_FDNAMES does not name each socket",
            hint="FileDescriptorName= in the socket unit: enrolment, work, health or local",
        )
    found: dict[str, list[int]] = {}
    for number, name in enumerate(called):
        os.set_inheritable(_FIRST + number, False)
        found.setdefault(name, []).append(_FIRST + number)
    return found


class Notifier:
    """Tells systemd. What cannot be said is not worth stopping for: it has a deadline of its own."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        self.watchdog_seconds = _watchdog(environment)
        """How often to say that we live, half of what systemd waits; None if it does not."""

    def ready(self, status: str) -> None:
        """Everything listens."""
        self._say(f"READY=1\nSTATUS={status}")

    def reloading(self) -> None:
        """The configuration is read again; :meth:`ready` ends that."""
        self._say(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """No more requests."""
        self._say("STOPPING=1")

    def alive(self) -> None:
        """The event loop goes round."""
        self._say("WATCHDOG=1")

    def _say(self, message: str) -> None:
        if self._address[:1] not in ("/", "@") or not hasattr(socket, "AF_UNIX"):
            return
        address = "\0" + self._address[1:] if self._address[0] == "@" else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to:
                to.setblocking(False)
                to.sendto(message.encode(), address)
        except OSError:
            return


def _watchdog(environment: Mapping[str, str]) -> float | None:
    microseconds = environment.get("WATCHDOG_USEC", "")
    whose = environment.get("WATCHDOG_PID", str(os.getpid()))
    if not microseconds.isdecimal() or not int(microseconds) or whose != str(os.getpid()):
        return None
    return int(microseconds) / 2_000_000

"""One connection to the session bus, on which every call has a deadline: also those that secretstorage makes."""

from __future__ import annotations

from jeepney import Message  # type: ignore[import-untyped]
from jeepney.bus import get_bus  # type: ignore[import-untyped]
from jeepney.io.blocking import DBusConnection, prep_socket  # type: ignore[import-untyped]

from palyra_backend_secretservice.failures import unconnected
from palyra_kernel import Deadline

_AT_LEAST = 0.001  # a socket takes "no time at all" for "never wait"


class Bus(DBusConnection):  # type: ignore[misc]  # jeepney has no types
    """A connection of jeepney's. Past :attr:`deadline` calls raise ``TimeoutError``, and it must not be used again: an
    answer may be half read."""

    def __init__(self, deadline: Deadline) -> None:
        self.deadline = deadline
        sock = prep_socket(get_bus("SESSION"), timeout=max(deadline.remaining(), _AT_LEAST))
        try:
            super().__init__(sock)
        except BaseException:
            sock.close()
            raise

    def send(self, message: Message, serial: int | None = None) -> None:
        self.sock.settimeout(max(self.deadline.remaining(), _AT_LEAST))
        super().send(message, serial)

    send_message = send  # the name that jeepney calls it by

    def receive(self, *, timeout: float | None = None) -> Message:
        left = self.deadline.remaining()
        return super().receive(timeout=left if timeout is None else min(left, timeout))


def connected(deadline: Deadline) -> Bus:
    """A new connection. Raises :class:`UnavailableError` ``no_bus``, ``wrong_session`` or ``deadline``."""
    try:
        return Bus(deadline)
    except Exception as error:  # noqa: BLE001  # jeepney raises what the address happens to break
        raise unconnected(error) from None

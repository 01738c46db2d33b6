"""The Secret Service of this session, for all threads of this process."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar
from weakref import WeakSet

from palyra_backend_secretservice.bus import connected
from palyra_backend_secretservice.failures import RepeatableError, translated
from palyra_backend_secretservice.link import Link
from palyra_kernel import Deadline, UnavailableError

T = TypeVar("T")


class Service:
    """The Secret Service of this session, for all threads of this process, one call after another.

    The connection is made when it is first needed, and once more in a call that finds it lost. A child process leaves
    it behind: two processes on one socket would read each other's answers.
    """

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._link: Link | None = None
        self._closed = False
        _services.add(self)

    def run(self, deadline: Deadline, work: Callable[[Link], T]) -> T:
        """Return ``work(link)``. *work* is called once more after a :class:`RepeatableError`, on a new connection."""
        deadline.check("asking the Secret Service")
        if not self._mutex.acquire(timeout=deadline.remaining()):
            raise UnavailableError("deadline", "other threads kept the Secret Service busy for too long")
        try:
            try:
                return self._try(deadline, work)
            except RepeatableError:
                return self._try(deadline, work)
        finally:
            self._mutex.release()

    def _try(self, deadline: Deadline, work: Callable[[Link], T]) -> T:
        try:
            if self._closed:
                raise UnavailableError("closed", "the connection to the Secret Service was closed")
            if self._link is None:
                self._link = Link(connected(deadline))
            self._link.bus.deadline = deadline
            return work(self._link)
        except BaseException as error:
            self._drop()  # an answer that is still on its way must not be taken for that of the next call
            if not isinstance(error, Exception):
                raise
            raise translated(error) from None

    def _drop(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            link.bus.close()

    def close(self) -> None:
        """Close the connection; a call that hangs on it ends now, not at its deadline."""
        self._closed = True
        link = self._link
        if link is not None:
            with suppress(OSError):  # closed meanwhile
                link.bus.sock.shutdown(socket.SHUT_RDWR)
        with self._mutex:
            self._drop()

    def left_to_parent(self) -> None:
        """Start afresh in a child process. Closing its copies of the descriptors leaves the parent's open."""
        self._mutex = threading.Lock()
        self._drop()


def _after_fork() -> None:
    for service in list(_services):
        service.left_to_parent()


_services: WeakSet[Service] = WeakSet()
if sys.platform != "win32":
    os.register_at_fork(after_in_child=_after_fork)

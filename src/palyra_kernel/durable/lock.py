"""One writer at a time, over processes and threads, by the operating system's own file lock.

The kernel of the operating system frees the lock when the process dies, however it dies: no stale lock, no
process ids, no clock. Waiting happens inside ``flock``, which serves waiters in turn; libraries that poll starve
some of them (ADR 0006). The file is never removed: removing a locked file lets two holders in.
"""

from __future__ import annotations

import os
import sys
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from palyra_kernel.durable.files import check_owner
from palyra_kernel.durable.oserrors import from_os_error, translated
from palyra_kernel.errors import IntegrityError, UnavailableError
from palyra_kernel.values.deadline import Deadline

_FLAGS = os.O_RDWR | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)

if sys.platform == "win32":
    import msvcrt

    def _try_lock(fd: int) -> bool:
        try:
            os.lseek(fd, 0, os.SEEK_SET)
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _wait_lock(fd: int) -> None:
        while True:  # LK_LOCK gives up after ten tries of one second
            try:
                os.lseek(fd, 0, os.SEEK_SET)
                msvcrt.locking(fd, msvcrt.LK_LOCK, 1)
            except OSError:
                continue
            return

    def _unlock(fd: int) -> None:
        os.lseek(fd, 0, os.SEEK_SET)
        msvcrt.locking(fd, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try_lock(fd: int) -> bool:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _wait_lock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_EX)

    def _unlock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_UN)


class FileLock:
    """An exclusive lock on one file, for processes; with a mutex beside it, for threads. Re-entrant in a thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._name = os.fspath(path)
        self._mutex = threading.RLock()
        self._depth = 0
        self._ticket: _Ticket | None = None
        self._fd = _open(path)
        _open_locks.add(self)

    @contextmanager
    def held(self, deadline: Deadline) -> Iterator[None]:
        """Hold the lock in the block. Raises :class:`UnavailableError` ``locked`` at the deadline, ``closed``."""
        if not self._mutex.acquire(timeout=deadline.remaining()):
            raise self._timed_out()
        try:
            if self._fd < 0:
                raise UnavailableError("closed", f"{self.path} is closed", hint="open it again")
            outer = self._depth
            try:  # around the acquiring too: an interrupt may come right behind it
                if not outer:
                    self._acquire(deadline)
                self._depth = outer + 1
                yield
            finally:
                self._depth = outer
                if not outer and self._fd >= 0:  # a forked child has dropped it
                    _unlock(self._fd)
        finally:
            self._mutex.release()

    def check_in_place(self) -> None:
        """Raise :class:`IntegrityError` ``lock_replaced`` unless the path still names the file that we hold."""
        try:  # four times for each write of a secret: no context manager, no Path
            named = os.lstat(self._name)
        except FileNotFoundError:
            named = None
        except OSError as error:
            raise from_os_error(error, f"checking the lock {self.path}") from error
        held = os.fstat(self._fd)
        if named is None or (named.st_dev, named.st_ino) != (held.st_dev, held.st_ino):
            raise IntegrityError(
                "lock_replaced",
                f"the lock file {self.path} was replaced while it was held",
                hint="nothing was written; find out what deletes files in the state root, then start again",
            )

    def close(self) -> None:
        """Release everything. The lock cannot be used afterwards."""
        with self._mutex:
            _open_locks.discard(self)
            self.drop()

    def drop(self) -> None:
        """Close the descriptor without the mutex: in a forked child, its owner may not exist."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def _acquire(self, deadline: Deadline) -> None:
        try:
            if not _try_lock(self._fd) and (deadline.expired or not self._wait(deadline)):
                raise self._timed_out()
        except OSError as error:
            raise from_os_error(error, f"locking {self.path}") from error
        try:
            self.check_in_place()
        except BaseException:
            _unlock(self._fd)
            raise

    def _wait(self, deadline: Deadline) -> bool:
        """Wait in the operating system's queue, in a thread, so that the deadline holds.

        A wait that was given up goes on in its thread; the next one takes it over instead of adding another.
        """
        ticket = self._ticket
        if ticket is None or not ticket.resume():
            ticket = self._ticket = _Ticket(_open(self.path))
            try:
                threading.Thread(target=ticket.wait, name="palyra-lock", daemon=True).start()
            except RuntimeError:
                ticket.drop()
                self._ticket = None
                raise UnavailableError("no_thread", f"no thread to wait for {self.path} in") from None
        if not ticket.taken(deadline):
            return False
        # The ticket's descriptor holds the lock now; it becomes ours, and ours is closed.
        fd, self._fd, ticket.fd = self._fd, ticket.fd, -1
        self._ticket = None
        os.close(fd)
        return True

    def _timed_out(self) -> UnavailableError:
        return UnavailableError(
            "locked",
            f"another process held {self.path} until the deadline",
            hint="try again, or find the process",
        )


class _Ticket:
    """One wait for the lock that can be abandoned: whoever comes last, waiter or lock, gives the lock back."""

    fd = -1

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._state = threading.Lock()
        self._locked = threading.Event()
        self._abandoned = False
        _tickets.add(self)

    def wait(self) -> None:
        try:
            _wait_lock(self.fd)
        except OSError:
            with self._state:
                self.drop()
            return  # the waiter runs into its deadline and reports the lock as unavailable
        with self._state:
            if self._abandoned:
                self.drop()
            else:
                self._locked.set()

    def drop(self) -> None:
        """Close the descriptor, and with it the lock, unless it was handed on."""
        fd, self.fd = self.fd, -1
        if fd >= 0:
            os.close(fd)

    __del__ = drop

    def resume(self) -> bool:
        """Want the lock again; False if this wait is over."""
        with self._state:
            self._abandoned = False
            return self.fd >= 0

    def taken(self, deadline: Deadline) -> bool:
        try:
            self._locked.wait(deadline.remaining())
        except BaseException:
            if not self._abandon():
                self.drop()
            raise
        return not self._abandon()

    def _abandon(self) -> bool:
        """Give up; False if the lock came first, so that it is the caller's."""
        with self._state:
            if self._locked.is_set():
                return False
            self._abandoned = True
            return True


def _open(path: Path) -> int:
    with translated(f"opening the lock {path}"):
        fd = os.open(path, _FLAGS | os.O_CREAT, 0o600)
        try:
            check_owner(fd, path, forbidden=0o077)
        except BaseException:
            os.close(fd)
            raise
        return fd


_tickets: weakref.WeakSet[_Ticket] = weakref.WeakSet()
_open_locks: weakref.WeakSet[FileLock] = weakref.WeakSet()


def _drop_in_child() -> None:
    """A forked child must not keep the parent's lock alive through the descriptors it inherited."""
    for lock in list(_open_locks):
        lock.drop()
    for ticket in list(_tickets):
        ticket.drop()


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_drop_in_child)

"""Reads of a process that lives long: those that are alike become one event, committed within 100 ms.

They go with the next commit of the process if that comes first, else a daemon thread writes them down. What it cannot
write down it keeps, and the next read is not answered until it could.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from operator import attrgetter

from msgspec.structs import replace

from palyra_kernel.audit.encoding import check_types, encode_all
from palyra_kernel.audit.event import Event
from palyra_kernel.errors import PalyraError, UnavailableError
from palyra_kernel.records import Change, Records

WINDOW_SECONDS = 0.08
"""How long the first read waits for others; the commit needs the rest of the 100 ms."""
RETRY_SECONDS = 1.0
MOST_PENDING = 1_000
"""Different reads that are kept; the one behind them writes all down before it is answered."""

_alike = attrgetter(
    *("principal", "session", "action", "resource", "outcome", "code", "surface", "purpose", "workspace"),
    *(
        "vouched_by",
        "auth_method",
        "tool",
        "skill",
        "version",
        "arguments",
        "capabilities",
        "rules",
        "policy",
    ),
    "approval",
)


class _Tally:
    """Reads that are alike: the first of them, how many, and the time of the last."""

    __slots__ = ("count", "end_ms", "first")

    def __init__(self, first: Event) -> None:
        self.first, self.count, self.end_ms = first, first.count, first.end_time_ms or first.time_ms

    def add(self, event: Event) -> None:
        self.count += event.count
        self.end_ms = max(self.end_ms, event.end_time_ms, event.time_ms)

    def event(self) -> Event:
        if self.count == 1:
            return self.first
        return replace(self.first, count=self.count, end_time_ms=self.end_ms)


_Pending = dict[tuple[object, ...], _Tally]


class Group:
    """The grouped events of one open vault. Any thread may call it."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._start_empty()
        _open_groups.add(self)

    def _start_empty(self) -> None:
        self._lock = threading.Lock()  # for a moment; never while something is committed
        self._flushing = threading.Lock()
        self._wake, self._closing = threading.Event(), threading.Event()
        self._pending: _Pending = {}
        self._thread: threading.Thread | None = None
        self._failed = False

    def add(self, event: Event) -> None:
        """Count *event* in. Raises what kept earlier ones from being written down: then do not answer the read."""
        if self._failed or len(self._pending) >= MOST_PENDING:
            self.flush()
        key = (_alike(event), *event.details.items())
        with self._lock:
            if self._closing.is_set():
                raise UnavailableError("closed", "the vault is closed", hint="open the Kernel again")
            tally = self._pending.get(key)
            if tally is not None:
                tally.add(event)
                return
            check_types(event)  # one that cannot be encoded would hold up all that wait with it
            first = not self._pending
            self._pending[key] = _Tally(event)
        if first:
            self._write_later()

    def flush(self) -> None:
        """Commit what is pending. What a failure keeps from it stays pending."""
        if not self._pending and not self._flushing.locked():
            return
        # The store's lock first, as whoever joins inside of it does; a commit that was under way is done then.
        with self._records.exclusive(), self._flushing:
            change = Change()
            with self.joined(change):
                if change.events:
                    self._records.commit(change)

    @contextmanager
    def joined(self, change: Change) -> Iterator[None]:
        """Let what is pending go with *change*, before its own events; commit it in the block. Where that raises,
        everything is pending again."""
        with self._lock:
            pending, self._pending = self._pending, {}
        own = len(change.events)
        try:
            change.events[:0] = encode_all([tally.event() for tally in pending.values()])
            yield
        except BaseException:
            del change.events[: len(change.events) - own]
            self._give_back(pending)
            raise
        self._failed = False

    def close(self) -> None:
        """Commit what is pending, and stop. Closing twice is fine."""
        with self._lock:
            self._closing.set()
        self._wake.set()
        _open_groups.discard(self)
        self.flush()

    def _give_back(self, pending: _Pending) -> None:
        with self._lock:
            later, self._pending = self._pending, pending
            for key, tally in later.items():
                known = self._pending.setdefault(key, tally)
                if known is not tally:
                    known.count += tally.count
                    known.end_ms = max(known.end_ms, tally.end_ms)

    def _write_later(self) -> None:
        with self._lock:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="palyra-audit", daemon=True)
                try:
                    thread.start()
                except RuntimeError:  # no thread to be had
                    self._failed = True  # so the next read writes this one down first
                    return
                self._thread = thread
        self._wake.set()

    def _run(self) -> None:
        wake, closing = self._wake, self._closing
        while wake.wait() and not closing.is_set():
            wake.clear()
            pause = WINDOW_SECONDS
            while self._pending and not closing.wait(pause):
                pause = WINDOW_SECONDS if self._try_flush() else RETRY_SECONDS

    def _try_flush(self) -> bool:
        try:
            self.flush()
        except BaseException as error:  # noqa: BLE001  # also a panic of a library: the thread must live on
            import logging

            self._failed = True  # the next read raises it anew
            code = error.code if isinstance(error, PalyraError) else type(error).__name__
            logging.getLogger(__name__).warning("reads could not be written down yet: %s", code)
            return False
        return True


_open_groups: weakref.WeakSet[Group] = weakref.WeakSet()


def _flush_all() -> None:
    """At the end of a process that closed nothing."""
    for group in list(_open_groups):
        group._try_flush()


def _start_empty_in_child() -> None:
    """A forked child has no such thread, and what is pending is its parent's to write down."""
    for group in list(_open_groups):
        group._start_empty()


atexit.register(_flush_all)
if sys.platform != "win32":
    os.register_at_fork(after_in_child=_start_empty_in_child)

"""Whoever waits for a record to change: woken at once by who changed it here, and soon by who did so elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Lock
from time import monotonic
from typing import TypeVar

from palyra_kernel.nodes.following import Followed
from palyra_kernel.records import Namespace, Records
from palyra_kernel.values.deadline import Deadline

T = TypeVar("T")
PAUSE_SECONDS = 0.01
"""Between two looks at the store, each of which costs a few microseconds as long as nothing happens."""
MOST_SECONDS = 0.05
"""Where many listen and much happens, the pause is nine times as long as the look; but no longer than this."""

_Seen = tuple[int, bool]
Tell = Callable[[], object]
"""Called in any thread; it must neither block nor raise. In an event loop: ``loop.call_soon_threadsafe``."""


class Waiters:
    """Those who listen, by the key of the record. A gateway has one thread in :meth:`run`; without it, whoever waits
    looks for itself. *followed*: see :class:`Followed`; those who listen there cost a look nothing."""

    def __init__(self, records: Records, followed: Sequence[Namespace] = ()) -> None:
        self._records = records
        self._followed = Followed(records.store, followed)
        self._lock = Lock()
        self._listening: dict[bytes, list[Tell]] = {}
        self._seen: dict[bytes, _Seen] = {}
        self._moment: object | None = None
        self._running = 0

    def __len__(self) -> int:
        with self._lock:
            return sum(map(len, self._listening.values()))

    @contextmanager
    def listen(self, key: bytes, tell: Tell) -> Iterator[None]:
        """Call *tell* whenever the record *key* may have changed, until the end of the block. Look at it inside, and
        not before: then nothing is missed."""
        with self._lock:
            self._listening.setdefault(key, []).append(tell)
            if not self._followed.covers(key):
                self._seen.setdefault(key, self._now((key,))[key])
        try:
            yield
        finally:
            with self._lock:
                told = self._listening[key]
                told.remove(tell)
                if not told:
                    del self._listening[key]
                    self._seen.pop(key, None)

    def wake(self, *keys: bytes) -> None:
        """The records *keys* changed."""
        with self._lock:
            tells = [tell for key in keys for tell in self._listening.get(key, ())]
        for tell in tells:
            tell()

    def wait(self, key: bytes, look: Callable[[], T | None], deadline: Deadline) -> T | None:
        """What *look* finds, as soon as it finds something; None if it did not by the deadline."""
        heard = Event()
        with self.listen(key, heard.set):
            while True:
                heard.clear()
                found = look()
                if found is not None or deadline.expired:
                    return found
                if self._running:
                    heard.wait(deadline.remaining())
                else:
                    heard.wait(min(deadline.remaining(), PAUSE_SECONDS))
                    self.poll()

    def poll(self) -> None:
        """Wake those whose record was changed by another process since the last look. Raises what the store raises."""
        moment = self._records.store.moment()
        with self._lock:
            if moment is not None and moment == self._moment:
                return
            now = self._now(tuple(self._seen))
            changed = [key for key, seen in now.items() if seen != self._seen[key]]
            changed += self._followed.news()
            self._seen.update(now)
            self._moment = moment
        self.wake(*changed)

    def run(self, stop: Event) -> None:
        """Look until *stop* is set. What the store raises ends it, and wakes everybody, who will meet the same."""
        with self._lock:
            self._running += 1
        try:
            pause = PAUSE_SECONDS
            while not stop.wait(pause):
                begun = monotonic()
                self.poll()
                pause = min(max(PAUSE_SECONDS, 9 * (monotonic() - begun)), MOST_SECONDS)
        finally:
            with self._lock:
                self._running -= 1
                everybody = tuple(self._listening)
            self.wake(*everybody)

    def _now(self, keys: tuple[bytes, ...]) -> dict[bytes, _Seen]:
        """The version of each record, and whether there is one: a deleted one keeps its version."""
        found = self._records.store.get_many(keys)
        return {
            key: (found[key].version, found[key].value is not None) if key in found else (0, False)
            for key in keys
        }

"""``watch`` notices, ``exclusive`` lets its holder work, and both come to an end."""

from __future__ import annotations

import threading

from palyra_kernel.contracts import RecordStore
from palyra_kernel.errors import UnavailableError
from palyra_kernel.testing.records.base import RecordRules, put
from palyra_kernel.testing.threads import together
from palyra_kernel.values import Deadline

_NOW = -1.0


class WaitRules(RecordRules):
    """A revocation must cut connections within a second; a lock must not outlive its holder."""

    def watched(self, store: RecordStore, prefix: bytes, seconds: float) -> bool:
        """Watch in a thread, so that a watch that never ends fails this test only."""
        call = together(
            1, lambda _: store.watch(prefix, Deadline.after(seconds)), seconds=seconds + self.patience
        )
        return call[0]

    def test_watch_is_false_when_nothing_happened(self, store: RecordStore) -> None:
        """Always True is a busy loop over the whole store."""
        put(store, b"w/key")
        self.watched(store, b"w/", _NOW)
        assert self.watched(store, b"w/", self.quiet_seconds) is False

    def test_watch_remembers_a_commit_between_two_calls(self, store: RecordStore) -> None:
        """Waking only those who wait: a change while the watcher is busy is never noticed."""
        self.watched(store, b"w/", _NOW)
        put(store, b"w/key")
        assert self.watched(store, b"w/", self.patience) is True

    def test_watch_wakes_up(self, store: RecordStore) -> None:
        """The watcher is usually waiting when it happens."""
        self.watched(store, b"w/", _NOW)

        def act(number: int) -> bool:
            if number == 0:
                return store.watch(b"w/", Deadline.after(self.patience))
            threading.Event().wait(0.05)
            put(store, b"w/key")
            return False

        assert together(2, act, seconds=2 * self.patience) == [True, False]

    def test_watch_notices_a_delete(self, store: RecordStore) -> None:
        """Deleting a grant is the change that matters most."""
        put(store, b"w/key")
        self.watched(store, b"w/", _NOW)
        store.commit({}, [], [b"w/key"])
        assert self.watched(store, b"w/", self.patience) is True

    def test_watch_notices_another_process(self, store: RecordStore, url: str) -> None:
        """The CLI revokes, the daemon must notice: they share nothing but the store."""
        with self.second(store, url) as other:
            self.watched(store, b"w/", _NOW)
            put(other, b"w/key")
            assert self.watched(store, b"w/", self.patience) is True

    def test_one_watcher_does_not_eat_the_news_of_another(self, store: RecordStore) -> None:
        """One mark for all prefixes: whoever asks first takes the change away from everybody else."""
        self.watched(store, b"x/", _NOW)
        self.watched(store, b"y/", _NOW)
        put(store, b"x/key")
        put(store, b"y/key")
        self.watched(store, b"x/", self.patience)
        assert self.watched(store, b"y/", self.patience) is True

    def test_commit_works_inside_exclusive(self, store: RecordStore) -> None:
        """A lock that its own holder cannot pass hangs for ever."""

        def write(_: int) -> None:
            with store.exclusive(Deadline.after(self.patience)):
                put(store, b"key")

        together(1, write, seconds=self.patience)

    def test_exclusive_is_released(self, store: RecordStore) -> None:
        """Also when the block fails: otherwise one error stops every writer."""
        try:
            with store.exclusive(Deadline.after(self.patience)):
                raise LookupError
        except LookupError:
            pass
        together(1, lambda _: put(store, b"key"), seconds=self.patience)

    def test_exclusive_gives_up_as_unavailable(self, store: RecordStore) -> None:
        """Where the store can exclude, waiting ends at the deadline, with the code that callers retry on."""

        def wait(_: int) -> str:
            try:
                with store.exclusive(Deadline.after(0.02)):
                    return "locked"  # the store cannot exclude: that is allowed
            except UnavailableError as error:
                return error.code

        with store.exclusive(Deadline.after(self.patience)):
            assert together(1, wait, seconds=self.patience) == ["locked"]

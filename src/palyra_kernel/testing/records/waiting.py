"""``watch`` notices, ``exclusive`` lets its holder work, and both come to an end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic, sleep

from palyra_kernel.contracts import RecordStore
from palyra_kernel.errors import UnavailableError
from palyra_kernel.testing.records.base import RecordRules, put, put_all
from palyra_kernel.testing.threads import together
from palyra_kernel.values import Deadline


class WaitRules(RecordRules):
    """A revocation must cut connections within a second; a lock must not outlive its holder."""

    def drained(self, store: RecordStore, prefix: bytes) -> None:
        """Take note of everything under *prefix* until now."""
        together(1, lambda _: store.watch(prefix, Deadline.after(-1.0)), seconds=self.patience)

    def noticed(self, store: RecordStore, act: Callable[[], object], *prefixes: bytes) -> list[bool]:
        """What the watchers of *prefixes* answer, who are waiting when *act* happens."""
        waiting = threading.Barrier(len(prefixes) + 1)

        def run(number: int) -> bool:
            waiting.wait()
            if number < len(prefixes):
                return store.watch(prefixes[number], Deadline.after(self.patience))
            sleep(self.settle_seconds)
            act()
            return True

        for prefix in prefixes:
            self.drained(store, prefix)
        return together(len(prefixes) + 1, run, seconds=2 * self.patience)[:-1]

    def test_watch_is_false_when_nothing_happened(self, store: RecordStore) -> None:
        """Always True is a busy loop over the whole store."""
        put(store, b"w/key")
        self.drained(store, b"w/")
        call = together(
            1, lambda _: store.watch(b"w/", Deadline.after(self.quiet_seconds)), seconds=self.patience
        )
        assert call == [False]

    def test_watch_remembers_a_commit_between_two_calls(self, store: RecordStore) -> None:
        """Waking only those who wait: a change while the watcher is busy is never noticed."""
        self.drained(store, b"w/")
        put(store, b"w/key")
        call = together(
            1, lambda _: store.watch(b"w/", Deadline.after(self.patience)), seconds=2 * self.patience
        )
        assert call == [True]

    def test_watch_wakes_up(self, store: RecordStore) -> None:
        """An answer at the deadline comes too late: that is when the watcher would have looked anyway."""
        start = monotonic()
        assert self.noticed(store, lambda: put(store, b"w/key"), b"w/") == [True]
        assert monotonic() - start < self.patience / 2

    def test_watch_notices_a_delete(self, store: RecordStore) -> None:
        """Deleting a grant is the change that matters most."""
        put(store, b"w/key")
        assert self.noticed(store, lambda: store.commit({}, [], [b"w/key"]), b"w/") == [True]

    def test_watch_notices_another_process(self, store: RecordStore, url: str) -> None:
        """The CLI revokes, the daemon must notice: they share nothing but the store."""
        with self.second(store, url) as other:
            assert self.noticed(store, lambda: put(other, b"w/key"), b"w/") == [True]

    def test_one_watcher_does_not_eat_the_news_of_another(self, store: RecordStore) -> None:
        """One mark for all prefixes: whoever looks first takes the change away from everybody else."""
        assert self.noticed(store, lambda: put_all(store, b"x/key", b"y/key"), b"x/", b"y/") == [True, True]

    def test_a_moment_passes_with_every_commit(self, store: RecordStore, url: str) -> None:
        """A token that was revoked elsewhere was used on, because the store said that nothing had happened."""
        if store.moment() is None:
            return  # it cannot tell, and nobody relies on it
        with self.second(store, url) as other:
            for version, author in enumerate((store, other), 1):
                before = store.moment()
                put(author, b"m/key", version)
                between = store.moment()
                author.commit({}, [], [b"m/key"])
                assert before != between != store.moment()

    def test_newer_is_what_was_written_since(self, store: RecordStore) -> None:
        """Work that another process asked for waited for the next sign of life, because the store left it out."""
        if store.newer(b"n/", 0) is None:
            return  # it cannot tell, and everything is read
        for key, version in ((b"n/old", 3), (b"n/new", 5), (b"n", 9), (b"n0", 9)):
            put(store, key, version)
        assert store.newer(b"n/", 0) == {b"n/old": 3, b"n/new": 5}
        assert store.newer(b"n/", 3) == {b"n/new": 5}
        assert store.newer(b"n/", 5) == {}

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

"""What was committed is there for everybody who opens the store, now and later."""

from __future__ import annotations

import re

import pytest

from palyra_kernel.contracts import RecordStore
from palyra_kernel.errors import ConflictError
from palyra_kernel.testing.records.base import RecordRules, conflict, put
from palyra_kernel.testing.threads import together


class DurabilityRules(RecordRules):
    """A process that dies never calls ``close``, so nothing may wait for it."""

    def test_a_second_open_sees_what_was_committed(self, store: RecordStore, url: str) -> None:
        """Another process decides by it: a grant that only the writer sees is no grant."""
        record = put(store, b"key")
        with self.second(store, url) as again:
            assert again.get(b"key") == record

    def test_close_loses_nothing(self, store: RecordStore, url: str) -> None:
        """Closing is where caches are flushed, logs truncated and temporary files removed."""
        with self.second(store, url) as writer:
            record = put(writer, b"key")
        with self.second(store, url) as reader:
            assert reader.get(b"key") == record

    def test_closing_one_leaves_the_other_open(self, store: RecordStore, url: str) -> None:
        """A connection that is shared behind the scenes dies with the first one that is closed."""
        with self.second(store, url):
            pass
        record = put(store, b"key")
        assert store.get(b"key") == record

    def test_versions_never_repeat_after_reopening(self, store: RecordStore, url: str) -> None:
        """Deleted keys that are forgotten at close start at version 1 again."""
        with self.second(store, url) as writer:
            put(writer, b"key", 7)
            writer.commit({}, [], [b"key"])
        with self.second(store, url) as again, conflict():
            put(again, b"key", 7)

    def test_two_stores_race_for_one_version(self, store: RecordStore, url: str) -> None:
        """A lock inside one object does not hold for another process: two winners, one lost write."""
        if not self.keeps_after_reopen:
            pytest.skip("keeps_after_reopen is False")
        stores = [self.reopen(store, url) for _ in range(self.threads)]
        wins = together(self.threads, lambda number: _wins(stores[number], b"writer %d" % number))
        for one in stores:
            one.close()
        found = store.get(b"race")
        assert [value for value in wins if value] == [found and found.value]

    def test_a_healthy_store_has_no_damage(self, store: RecordStore) -> None:
        """A check that cries wolf teaches people to ignore `vault verify`."""
        put(store, b"key")
        assert list(store.check()) == []

    def test_the_scheme_is_sane(self, store: RecordStore) -> None:
        """It is the first part of a URL (RFC 3986), and the kernel chooses the store by it."""
        assert re.fullmatch(r"[a-z][a-z0-9+.-]*", store.scheme)


def _wins(store: RecordStore, value: bytes) -> bytes | None:
    try:
        put(store, b"race", 1, value)
    except ConflictError:
        return None
    return value

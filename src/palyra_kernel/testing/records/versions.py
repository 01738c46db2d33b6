"""A key's version only grows, also over a delete."""

from __future__ import annotations

from palyra_kernel.contracts import RecordStore, StoredRecord
from palyra_kernel.testing.records.base import RecordRules, conflict, put


class VersionRules(RecordRules):
    """The version is part of what seals a record: one that repeats lets an old value pass for the new."""

    def test_a_newer_version_replaces(self, store: RecordStore) -> None:
        """An insert that skips what exists would acknowledge a write that never happened."""
        put(store, b"key", 1, b"old and longer")
        record = put(store, b"key", 2, b"new")
        assert store.get(b"key") == record

    def test_versions_may_skip_numbers(self, store: RecordStore) -> None:
        """The caller chooses the number, and seals the value with it; the store must not count by itself."""
        put(store, b"key", 3)
        record = put(store, b"key", 2**40)
        assert store.get(b"key") == record

    def test_the_same_version_is_refused(self, store: RecordStore) -> None:
        """Two writers that read the same version: the second must not win in silence."""
        put(store, b"key", 5)
        with conflict():
            put(store, b"key", 5, b"other")

    def test_an_older_version_is_refused(self, store: RecordStore) -> None:
        """A writer that slept must not bring back the past."""
        put(store, b"key", 5)
        with conflict():
            put(store, b"key", 4, b"other")

    def test_a_refused_version_changes_nothing(self, store: RecordStore) -> None:
        """Statement by statement without a transaction: the first half of a refused commit stays."""
        old = put(store, b"b", 5)
        with conflict():
            store.commit({}, [StoredRecord(b"a", 1, b"new"), StoredRecord(b"b", 5, b"new")], [])
        assert (store.get(b"a"), store.get(b"b")) == (None, old)

    def test_a_deleted_key_keeps_its_version(self, store: RecordStore) -> None:
        """Without the version nobody can tell a deleted key from one that never was."""
        put(store, b"key", 7)
        store.commit({}, [], [b"key"])
        assert store.get(b"key") == StoredRecord(b"key", 7, None)

    def test_a_version_never_repeats_after_a_delete(self, store: RecordStore) -> None:
        """Delete, write version 1 again, and the sealed version 1 of last year opens in its place."""
        put(store, b"key", 7)
        store.commit({}, [], [b"key"])
        with conflict():
            put(store, b"key", 7, b"again")

    def test_a_deleted_key_may_be_written_again(self, store: RecordStore) -> None:
        """With a greater version it is an ordinary key."""
        put(store, b"key", 7)
        store.commit({}, [], [b"key"])
        record = put(store, b"key", 8)
        assert list(store.scan(b"key", None, 10)) == [record]

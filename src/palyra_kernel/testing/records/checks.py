"""A check holds, or the commit does not happen."""

from __future__ import annotations

from contextlib import suppress

from palyra_kernel.contracts import RecordStore, StoredRecord
from palyra_kernel.errors import ConflictError
from palyra_kernel.testing.records.base import RecordRules, conflict, put

_NEW = StoredRecord(b"new", 1, b"value")


class CheckRules(RecordRules):
    """Compare-and-set is the only lock of the kernel that spans processes and hosts."""

    def test_a_failed_check_is_a_conflict(self, store: RecordStore) -> None:
        """A commit that is dropped in silence is a lost write; callers retry on exactly this code."""
        put(store, b"key", 2)
        with conflict():
            store.commit({b"key": 1}, [StoredRecord(b"key", 3, b"new")], [])

    def test_a_failed_check_puts_nothing(self, store: RecordStore) -> None:
        """Write first, then complain: the loser of the race has already overwritten the winner."""
        old = put(store, b"key", 2)
        with suppress(ConflictError):
            store.commit({b"key": 1}, [StoredRecord(b"key", 3, b"new"), _NEW], [])
        assert (store.get(b"key"), store.get(b"new")) == (old, None)

    def test_a_failed_check_deletes_nothing(self, store: RecordStore) -> None:
        """A delete that does not wait for the checks takes away what somebody else has just written."""
        old = put(store, b"key", 2)
        with suppress(ConflictError):
            store.commit({b"key": 1}, [], [b"key"])
        assert store.get(b"key") == old

    def test_every_check_counts(self, store: RecordStore) -> None:
        """One act of the kernel checks several records; the last is as binding as the first."""
        put(store, b"a", 1)
        put(store, b"b", 2)
        with conflict():
            store.commit({b"a": 1, b"b": 1}, [_NEW], [])

    def test_a_check_may_guard_a_key_that_is_not_written(self, store: RecordStore) -> None:
        """'Only while the grant is still there': the grant is read, something else is written."""
        put(store, b"grant", 2)
        with conflict():
            store.commit({b"grant": 1}, [_NEW], [])

    def test_checks_alone_are_checked(self, store: RecordStore) -> None:
        """'Nothing to write' must not return before the checks."""
        put(store, b"key", 2)
        with conflict():
            store.commit({b"key": 1}, [], [])

    def test_a_check_that_holds_lets_through(self, store: RecordStore) -> None:
        """The plain case: read version n, check n, write n + 1."""
        put(store, b"key", 2)
        record = StoredRecord(b"key", 3, b"new")
        store.commit({b"key": 2}, [record], [])
        assert list(store.scan(b"key", None, 1)) == [record]

    def test_zero_means_never_written(self, store: RecordStore) -> None:
        """Creating needs no read first."""
        store.commit({b"new": 0}, [_NEW], [])
        assert store.get(b"new") == _NEW

    def test_zero_refuses_what_exists(self, store: RecordStore) -> None:
        """Zero is false in many languages: 'if expected' skips the check."""
        put(store, b"key", 1)
        with conflict():
            store.commit({b"key": 0}, [StoredRecord(b"key", 2, b"new")], [])

    def test_zero_refuses_what_was_deleted(self, store: RecordStore) -> None:
        """Deleted is not the same as never written: somebody wants to know that it is gone."""
        put(store, b"key", 1)
        store.commit({}, [], [b"key"])
        with conflict():
            store.commit({b"key": 0}, [StoredRecord(b"key", 2, b"new")], [])

    def test_a_deleted_key_is_checked_by_its_last_version(self, store: RecordStore) -> None:
        """Otherwise it could never be written again under a check."""
        put(store, b"key", 4)
        store.commit({}, [], [b"key"])
        record = StoredRecord(b"key", 5, b"new")
        store.commit({b"key": 4}, [record], [])
        assert list(store.scan(b"key", None, 1)) == [record]

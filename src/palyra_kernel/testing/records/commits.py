"""A commit happens at one moment: all of it, once, in the face of threads and readers."""

from __future__ import annotations

import threading

from palyra_kernel.contracts import RecordStore, StoredRecord
from palyra_kernel.errors import ConflictError
from palyra_kernel.testing.records.base import RecordRules, put, put_all
from palyra_kernel.testing.threads import together

_ROUNDS = 10


class CommitRules(RecordRules):
    """Approval, pairing and audit are one commit; half of it would be an act without its trace."""

    def test_puts_and_deletes_land_together(self, store: RecordStore) -> None:
        """A branch for puts and another for deletes: a commit with both took one."""
        put_all(store, b"a", b"b")
        record = StoredRecord(b"c", 1, b"new")
        store.commit({b"a": 1}, [record], [b"a", b"b"])
        assert list(store.scan(b"", None, 10)) == [record]

    def test_a_large_commit_is_whole(self, store: RecordStore) -> None:
        """Batches and parameters are bounded in many stores; some drop the rest in silence."""
        records = [StoredRecord(b"key %06d" % number, 1, b"%d" % number) for number in range(self.many)]
        store.commit({record.key: 0 for record in records}, records, [])
        assert [store.get(record.key) for record in records] == records

    def test_deleting_an_absent_key_is_fine(self, store: RecordStore) -> None:
        """A repeated clean-up must succeed, and must not invent a record."""
        store.commit({}, [], [b"absent"])
        assert store.get(b"absent") is None

    def test_an_empty_commit_is_fine(self, store: RecordStore) -> None:
        """It happens at the ends of loops."""
        store.commit({}, [], [])

    def test_a_counter_loses_no_increment(self, store: RecordStore) -> None:
        """Check, then write, without one lock around both: two writers read 5, and both write 6."""
        put(store, b"counter", 1, b"0")

        def count(_: int) -> None:
            for _ in range(_ROUNDS):
                while not _increment(store):
                    pass

        together(self.threads, count)
        total = self.threads * _ROUNDS
        assert store.get(b"counter") == StoredRecord(b"counter", 1 + total, b"%d" % total)

    def test_threads_on_different_keys_lose_nothing(self, store: RecordStore) -> None:
        """Read all, change one, write all: what somebody else wrote in between is gone."""

        def write(number: int) -> None:
            for version in range(1, _ROUNDS + 1):
                put(store, b"key %d" % number, version, b"%d" % version)

        together(self.threads, write)
        last = [StoredRecord(b"key %d" % number, _ROUNDS, b"%d" % _ROUNDS) for number in range(self.threads)]
        assert [store.get(record.key) for record in last] == last

    def test_readers_never_see_half_a_commit(self, store: RecordStore) -> None:
        """A head record that does not fit its set is taken for tampering, and stops the kernel."""
        done = threading.Event()

        def commit_pairs() -> set[frozenset[int]]:
            for version in range(1, _ROUNDS + 1):
                store.commit({}, [StoredRecord(key, version, b"value") for key in (b"pair a", b"pair b")], [])
            done.set()
            return set()

        def read_pairs() -> set[frozenset[int]]:
            seen = set()
            while not done.is_set():
                seen.add(frozenset(record.version for record in store.scan(b"pair ", None, 10)))
            return seen

        _, seen = together(2, lambda number: (commit_pairs, read_pairs)[number](), seconds=self.patience)
        assert {len(versions) for versions in seen} <= {0, 1}


def _increment(store: RecordStore) -> bool:
    record = store.get(b"counter")
    assert record is not None
    assert record.value is not None
    version = record.version
    try:
        store.commit(
            {b"counter": version},
            [StoredRecord(b"counter", version + 1, b"%d" % (int(record.value) + 1))],
            [],
        )
    except ConflictError:
        return False
    return True

"""``scan`` pages through the live records of a prefix, in the order of bytes."""

from __future__ import annotations

import pytest

from palyra_kernel.contracts import RecordStore, StoredRecord
from palyra_kernel.testing.records.base import RecordRules, put_all

_ALL = 1_000
_ORDER = (
    b"\x00",
    b"\x00\x00",
    b"A",
    b"B",
    b"Z",
    b"a",
    b"a\x00",
    b"aa",
    b"b",
    b"\x7f",
    b"\x80",
    b"\xff",
    b"\xff\xff",
)
PREFIXES = {
    "plain": b"p/",
    "0xff-end": b"p\xff",
    "0xff-only": b"\xff",
    "0xff-twice": b"\xff\xff",
    "nul-end": b"p\x00",
    "percent": b"p%",
    "underscore": b"p_",
    "glob": b"p*",
}


class ScanRules(RecordRules):
    """Namespaces are prefixes: a key too many belongs to somebody else, a key too few is lost."""

    @pytest.mark.parametrize("prefix", PREFIXES.values(), ids=PREFIXES)
    def test_a_prefix_is_exact(self, store: RecordStore, prefix: bytes) -> None:
        """Upper bounds by 'last byte plus one' break at 0xFF, LIKE and GLOB at wildcards and case."""
        inside = put_all(
            store, prefix, prefix + b"\x00", prefix + b"one", prefix + b"\xff", prefix + b"\xff\xff"
        )
        put_all(
            store, b"a", b"o", b"q", b"P/", b"pz", b"pzz", b"\x00" + prefix, b"a" + prefix, prefix[:-1] + b"!"
        )
        assert sorted(store.scan(prefix, None, _ALL)) == inside

    def test_the_empty_prefix_is_everything(self, store: RecordStore) -> None:
        """Verification reads the whole store this way."""
        records = put_all(store, b"\x00", b"a", b"\xff\xff")
        assert sorted(store.scan(b"", None, _ALL)) == records

    def test_the_order_is_that_of_bytes(self, store: RecordStore) -> None:
        """Collations order by language; cursors then skip or repeat."""
        records = put_all(store, *reversed(_ORDER))
        assert list(store.scan(b"", None, _ALL)) == records

    def test_scan_starts_behind_the_cursor(self, store: RecordStore) -> None:
        """An inclusive cursor never ends with a limit of one."""
        put_all(store, b"p/a", b"p/b", b"p/c")
        found = {record.key for record in store.scan(b"p/", b"p/b", _ALL)}
        assert found.isdisjoint({b"p/a", b"p/b"})

    def test_a_cursor_below_the_prefix_hides_nothing(self, store: RecordStore) -> None:
        """A cursor is a place in the order, not a key of the namespace."""
        records = put_all(store, b"p/a", b"p/b")
        put_all(store, b"o/c")
        assert sorted(store.scan(b"p/", b"o", _ALL)) == records

    def test_a_cursor_above_the_prefix_finds_nothing(self, store: RecordStore) -> None:
        """Replacing the prefix by the cursor reads on into the next namespace."""
        put_all(store, b"p/a", b"r/a")
        assert list(store.scan(b"p/", b"q", _ALL)) == []

    def test_a_cursor_may_be_deleted_meanwhile(self, store: RecordStore) -> None:
        """A clean-up deletes what it has just read, then asks for the next page."""
        records = put_all(store, b"p/a", b"p/b", b"p/c")
        store.commit({}, [], [b"p/b"])
        assert set(store.scan(b"p/", b"p/b", _ALL)) >= set(records[2:])

    def test_scan_honours_the_limit(self, store: RecordStore) -> None:
        """A page that holds everything is memory that nobody planned."""
        put_all(store, *(b"p/%d" % number for number in range(7)))
        assert len(store.scan(b"p/", None, 3)) <= 3

    def test_pages_cover_everything(self, store: RecordStore) -> None:
        """A list that ends early, in silence, is worse than an error."""
        records = put_all(store, *(b"p/%02d" % number for number in range(23)))
        seen: set[StoredRecord] = set()
        cursor = None
        for _ in range(len(records) + 1):
            page = store.scan(b"p/", cursor, 4)
            if not page:
                break
            seen.update(page)
            cursor = max(record.key for record in page)
        assert seen == set(records)

    def test_scan_leaves_deleted_keys_out(self, store: RecordStore) -> None:
        """A revoked grant that is still listed is still believed."""
        put_all(store, b"p/a", b"p/b")
        store.commit({}, [], [b"p/a"])
        assert b"p/a" not in {record.key for record in store.scan(b"p/", None, _ALL)}

    def test_deleted_keys_do_not_count_against_the_limit(self, store: RecordStore) -> None:
        """Limit first, filter later: a page of deleted keys is empty and looks like the end."""
        keys = [b"p/%02d" % number for number in range(10)]
        records = put_all(store, *keys)
        store.commit({}, [], keys[:9])
        assert records[9] in store.scan(b"p/", None, 2)

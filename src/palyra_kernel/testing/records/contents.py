"""Keys and values survive exactly, and each value under its own key."""

from __future__ import annotations

import pytest

from palyra_kernel.contracts import RecordStore, StoredRecord
from palyra_kernel.testing.records.base import RecordRules, put, put_all

VALUES = {
    "empty": b"",
    "nul": b"a\x00b\x00",
    "not-utf8": b"\xff\xfe\xc3\x28",
    "newline-end": b"value\n",
    "every-byte": bytes(range(256)),
    "65536": b"\x5a" * 65_536,
    "1-mib": bytes(range(256)) * 4_096,
}
KEYS = {
    "one-byte": b"k",
    "nul": b"\x00",
    "nul-inside": b"a\x00b",
    "0xff": b"\xff",
    "not-utf8": b"\xc3\x28",
    "space-end": b"key ",
    "128-bytes": bytes(range(128, 256)),
}
NEIGHBOURS = {
    "case": (b"key", b"KEY"),
    "space": (b"key", b"key "),
    "nul": (b"key", b"key\x00"),
    "byte-127": (b"k" * 126 + b"1", b"k" * 126 + b"2"),
    "byte-128": (b"k" * 127 + b"1", b"k" * 127 + b"2"),
}


class ContentRules(RecordRules):
    """Keys and values are binary; text columns and their collations are not."""

    def test_a_key_that_was_never_written_is_none(self, store: RecordStore) -> None:
        """None and a deleted record are different answers: only one has a version to go on from."""
        assert store.get(b"never") is None

    @pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
    def test_values_survive_exactly(self, store: RecordStore, value: bytes) -> None:
        """Columns elsewhere cut at 65,535 bytes or at NUL, and take the empty value for none."""
        record = put(store, b"key", value=value)
        assert store.get(b"key") == record

    @pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
    def test_keys_survive_exactly(self, store: RecordStore, key: bytes) -> None:
        """Keys are hashes: every byte occurs in them, and all 128 count."""
        record = put(store, key)
        assert store.get(key) == record
        assert list(store.scan(b"", None, 10)) == [record]

    @pytest.mark.parametrize("pair", NEIGHBOURS.values(), ids=NEIGHBOURS)
    def test_similar_keys_never_mix(self, store: RecordStore, pair: tuple[bytes, bytes]) -> None:
        """Collations fold case and trailing blanks, index prefixes end early: one record for another."""
        first, second = put(store, pair[0], value=b"first"), put(store, pair[1], value=b"second")
        assert (store.get(pair[0]), store.get(pair[1])) == (first, second)

    def test_many_are_the_same_as_each(self, store: RecordStore) -> None:
        """A question with many keys meets limits that one key never does: 999 parameters, 64 KiB of text."""
        keys = [b"%d" % number for number in range(self.many)]
        put_all(store, *keys[::2])
        store.commit({}, [], keys[:10:2])
        one_by_one = {key: record for key in keys if (record := store.get(key)) is not None}
        assert dict(store.get_many(keys)) == one_by_one
        assert dict(store.get_many([])) == {}

    def test_records_come_back_as_declared(self, store: RecordStore) -> None:
        """Drivers return memoryview, Decimal or plain rows, which pass until somebody hashes them."""
        put(store, b"key")
        for record in (store.get(b"key"), *store.scan(b"key", None, 1)):
            assert isinstance(record, StoredRecord)
            assert (type(record.key), type(record.version), type(record.value)) == (bytes, int, bytes)

"""Records that somebody edits in the store's file: each edit is found, and none of them opens as something else."""

import pytest

from palyra_kernel.contracts import StoredRecord
from palyra_kernel.errors import IntegrityError
from palyra_kernel.records import Change, Namespace
from palyra_kernel.records.verify import verify_records

GUARDED = Namespace("things", guarded=True)


@pytest.fixture
def filled(parts):
    for round_ in (b"old ", b"new "):
        for name in ("a", "b", "c"):
            change = Change()
            change.put(GUARDED.key(name), round_ + name.encode())
            parts.records.commit(change)
            if round_ == b"old ":
                parts.old = {**getattr(parts, "old", {}), name: parts.store.get(GUARDED.key(name))}
    assert verify_records(parts.records) == []
    return parts


def overwrite(parts, key, record):
    """Put a raw row into the memory store, past every rule."""
    parts.store.shelf.records[key] = record


def codes(parts):
    return {finding.code for finding in verify_records(parts.records)}


def test_a_removed_record_is_found(filled):
    """An index that only lists what is there cannot notice what is not."""
    del filled.store.shelf.records[GUARDED.key("a")]
    assert codes(filled) == {"set_tampered"}
    with pytest.raises(IntegrityError, match="not the ones"):
        filled.records.load_guarded(GUARDED)


def test_a_record_that_was_rolled_back_alone_is_found(filled):
    """Old ciphertext under the same key opens everywhere else: a replay of a revoked state."""
    overwrite(filled, GUARDED.key("a"), filled.old["a"])
    assert codes(filled) == {"set_tampered"}
    with pytest.raises(IntegrityError):
        filled.records.load_guarded(GUARDED)


def test_a_record_under_another_key_does_not_open(filled):
    """Hazard S4: files were sealed without their name, so that one could be put in the place of another."""
    a, b = filled.store.get(GUARDED.key("a")), filled.store.get(GUARDED.key("b"))
    overwrite(filled, a.key, StoredRecord(a.key, a.version, b.value))
    with pytest.raises(IntegrityError):
        filled.records.read(a.key)
    assert "record_tampered" in codes(filled)


def test_a_record_under_another_version_does_not_open(filled):
    a = filled.store.get(GUARDED.key("a"))
    overwrite(filled, a.key, a._replace(version=a.version + 1))
    with pytest.raises(IntegrityError):
        filled.records.read(a.key)


def test_an_added_record_is_found_even_if_it_is_a_copy(filled):
    a = filled.store.get(GUARDED.key("a"))
    overwrite(filled, GUARDED.key("z"), a._replace(key=GUARDED.key("z")))
    assert codes(filled) >= {"set_tampered", "record_tampered"}


def test_a_row_outside_every_namespace_is_found(filled):
    overwrite(filled, b"elsewhere", StoredRecord(b"elsewhere", 1, b"x" * 64))
    assert codes(filled) == {"unknown_record", "record_tampered"}


def test_every_byte_of_a_sealed_record_counts(filled):
    a = filled.store.get(GUARDED.key("a"))
    for position in range(len(a.value)):
        flipped = bytearray(a.value)
        flipped[position] ^= 0x40
        overwrite(filled, a.key, a._replace(value=bytes(flipped)))
        with pytest.raises(IntegrityError):
            filled.records.read(a.key)


@pytest.mark.parametrize("value", [b"", b"\x01", b"\x01" + bytes(40), b"\x02" + bytes(60)])
def test_short_and_foreign_values_are_refused(filled, value):
    a = filled.store.get(GUARDED.key("a"))
    overwrite(filled, a.key, a._replace(value=value))
    with pytest.raises(IntegrityError):
        filled.records.read(a.key)

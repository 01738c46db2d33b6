"""The head outside the state root: an old copy of the store is noticed, and a torn write is survived."""

import pytest

from palyra_kernel.errors import IntegrityError
from palyra_kernel.records import Change
from palyra_kernel.records.heads import Head, HeadFile


@pytest.fixture
def heads(parts):
    return HeadFile(parts.heads.path, parts.keys)


def test_the_newest_generation_is_read_back(heads):
    for generation in range(2, 9):
        heads.write(Head(generation, bytes([generation]) * 32))
        assert heads.read() == Head(generation, bytes([generation]) * 32)


def test_a_store_that_is_behind_is_refused(heads):
    heads.write(Head(9, b"a" * 32))
    with pytest.raises(IntegrityError) as caught:
        heads.check(Head(8, b"b" * 32), heads.seen())
    assert (caught.value.code, caught.value.exit_code) == ("rolled_back", 8)


def test_a_store_beside_ours_is_refused(heads):
    heads.write(Head(9, b"a" * 32))
    with pytest.raises(IntegrityError) as caught:
        heads.check(Head(9, b"b" * 32), heads.seen())
    assert caught.value.code == "forked"


def test_a_store_ahead_is_the_crash_between_commit_and_head(heads):
    heads.write(Head(9, b"a" * 32))
    heads.check(Head(10, b"b" * 32), heads.seen())
    with pytest.raises(IntegrityError):
        heads.check(Head(9, b"a" * 32), heads.seen())  # this process saw 10


def test_one_torn_slot_leaves_the_other(heads):
    """A single place that is overwritten is lost when the power goes in the middle of it."""
    heads.write(Head(2, b"a" * 32))
    heads.write(Head(3, b"b" * 32))
    data = bytearray(heads.path.read_bytes())
    data[4096 + 20] ^= 1
    heads.path.write_bytes(data)
    assert heads.read() == Head(2, b"a" * 32)


def test_every_byte_of_both_slots_is_covered(heads):
    heads.write(Head(2, b"a" * 32))
    heads.write(Head(3, b"a" * 32))
    good = heads.path.read_bytes()
    size = len(good) - 4096
    for position in range(size):
        data = bytearray(good)
        data[position] ^= 1
        data[4096 + position] ^= 1
        heads.path.write_bytes(data)
        with pytest.raises(IntegrityError, match="changed or damaged"):
            heads.read()


def test_a_missing_head_is_an_error_not_a_fresh_start(heads):
    heads.path.unlink()
    with pytest.raises(IntegrityError) as caught:
        heads.check(Head(1, b"a" * 32), heads.seen())
    assert caught.value.code == "head_missing"


def test_a_head_of_another_vault_does_not_count(heads, tmp_path):
    from palyra_kernel.keys.derive import DerivedKeys
    from palyra_kernel.values.sensitive import SensitiveBytes

    other = HeadFile(heads.path, DerivedKeys(SensitiveBytes(b"k" * 32), "f" * 32, 1))
    with pytest.raises(IntegrityError):
        other.read()


def test_a_commit_between_the_two_reads_is_no_rollback(parts, monkeypatch):
    """The store was read first and the head after it: under load every sixteenth opener was told of a rollback."""
    original = parts.records._stored_head
    done: list[bool] = []

    def slow():
        found = original()
        if not done:
            done.append(True)
            change = Change()
            change.put(b"g/things/a", b"x")
            parts.records.commit(change)
        return found

    monkeypatch.setattr(parts.records, "_stored_head", slow)
    assert parts.records.check_head().generation == 1
    assert parts.records.check_head().generation == 2

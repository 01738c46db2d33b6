"""Changes over sealed records: all or nothing, versions that never repeat, checks that hold."""

import pytest

from palyra_kernel.errors import ConflictError, PalyraError
from palyra_kernel.records import Change, Namespace
from palyra_kernel.records.namespaces import guarded_name
from palyra_kernel.records.verify import verify_records

GUARDED = Namespace("things", guarded=True)
PLAIN = Namespace("caches", guarded=False)


def put(records, key, value, version=None):
    change = Change()
    if version is not None:
        change.check(key, version)
    change.put(key, value)
    records.commit(change)


@pytest.mark.parametrize("namespace", [GUARDED, PLAIN])
def test_a_version_never_repeats_after_a_delete(parts, namespace):
    """Elsewhere a deleted and re-created item got its old version back, and a late writer's check passed."""
    key = namespace.key("a")
    put(parts.records, key, b"one", 0)
    change = Change()
    change.delete(key)
    parts.records.commit(change)
    deleted = parts.records.read(key)
    assert deleted.document is None
    assert deleted.version >= 1
    with pytest.raises(ConflictError):
        put(parts.records, key, b"two", 0)
    put(parts.records, key, b"two", deleted.version)
    again = parts.records.read(key)
    assert again.document == b"two"
    assert again.version > deleted.version


def test_guarded_records_of_one_change_have_its_generation(parts):
    """Counters of their own came to the same numbers in two lives of one vault: a record of one passed in the other."""
    change = Change()
    for name in "ab":
        change.put(GUARDED.key(name), b"")
    parts.records.commit(change)
    generation = parts.records.check_head().generation
    assert [parts.records.read(GUARDED.key(name)).version for name in "ab"] == [generation] * 2
    put(parts.records, GUARDED.key("b"), b"later")
    assert parts.records.read(GUARDED.key("b")).version == generation + 1


def test_a_failed_check_changes_nothing(parts):
    a, b = GUARDED.key("a"), GUARDED.key("b")
    put(parts.records, a, b"one")
    before = parts.records.check_head()
    change = Change()
    change.check(a, 7)
    change.put(b, b"two")
    with pytest.raises(ConflictError) as caught:
        parts.records.commit(change)
    assert caught.value.code == "record_changed"
    assert parts.records.read(b) == (0, None)
    assert parts.records.check_head() == before


def test_one_generation_for_each_guarded_commit_and_none_for_plain_ones(parts):
    before = parts.records.check_head().generation
    put(parts.records, PLAIN.key("a"), b"x")
    assert parts.records.check_head().generation == before
    put(parts.records, GUARDED.key("a"), b"x")
    assert parts.records.check_head().generation == before + 1


def test_secret_puts_are_wiped_after_the_commit_and_after_a_refusal(parts):
    for version in (0, 9):
        document = bytearray(b"key material")
        change = Change()
        change.check(GUARDED.key("k"), version)
        change.put(GUARDED.key("k"), document)
        try:
            parts.records.commit(change)
        except ConflictError:
            assert version == 9
        assert document == bytearray(len(document))


def test_changes_merge_or_say_that_they_contradict():
    a, b = Change(), Change()
    a.check(b"k", 1)
    a.put(b"k", b"1")
    b.put(b"other", b"2")
    a.merge(b)
    assert set(a.puts) == {b"k", b"other"}
    contradiction = Change()
    contradiction.check(b"k", 2)
    with pytest.raises(ConflictError):  # a race, not a defect: whoever acts plans again
        a.merge(contradiction)
    with pytest.raises(PalyraError):
        a.delete(b"k")


def test_a_sealed_record_shows_nothing_of_its_document(parts):
    put(parts.records, GUARDED.key("a"), b"a very visible document")
    assert not any(b"visible" in (stored.value or b"") for stored in parts.records.stored(b""))


@pytest.mark.parametrize("key", [b"g/", b"g/\xff\xff/a", b"g//a", b"x/things/a", b"head"])
def test_foreign_keys_belong_to_no_guarded_namespace(key):
    assert guarded_name(key) is None


def test_a_reader_cannot_give_a_writer_an_old_head(parts, monkeypatch):
    """A cache that was read twice: between the two, another thread put an older head into it, and the set-hash that
    was sealed from it called a healthy vault tampered for ever."""
    put(parts.records, GUARDED.key("a"), b"1")
    old = parts.records._head_cache
    put(parts.records, GUARDED.key("b"), b"1")

    class Cache(tuple[object, ...]):  # noqa: SLOT001  # only for this test
        """Compares as the present head; then the other thread comes in."""

        def __getitem__(self, index):
            parts.records._head_cache = old
            return tuple.__getitem__(self, index)

    parts.records._stored_head()
    parts.records._head_cache = Cache(parts.records._head_cache)
    put(parts.records, GUARDED.key("c"), b"1")
    assert verify_records(parts.records) == []

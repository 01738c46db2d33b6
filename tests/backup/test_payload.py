"""The items of a backup: what goes in comes out, whatever the chunks; anything else is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palyra_kernel import IntegrityError, StoredRecord
from palyra_kernel.kernel.backup.payload import End, Envelope, Keyring, encode_item, read_items

ids = st.binary(min_size=16, max_size=16).map(bytes.hex)
envelopes = st.builds(Envelope, ids, st.binary(min_size=1, max_size=300))
records = st.builds(
    StoredRecord,
    st.binary(min_size=1, max_size=128),
    st.integers(1, 2**63 - 1),
    st.binary(min_size=1, max_size=300),
)


@st.composite
def payloads(draw):
    early, late = draw(st.lists(envelopes, max_size=4)), draw(st.lists(envelopes, max_size=3))
    found = draw(st.lists(records, min_size=1, max_size=5, unique_by=lambda record: record.key))
    end = End(draw(st.integers(0, 2**64 - 1)), len(found), len(early) + len(late), draw(st.integers(0, 99)))
    return [*early, Keyring(draw(st.binary(max_size=200))), *sorted(found), *late, end]


def cut(data, sizes):
    at = 0
    for size in sizes:
        yield data[at : at + size]
        at += size
    yield data[at:]


def whole(items):
    return b"".join(map(encode_item, items))


@given(payloads(), st.lists(st.integers(1, 64), max_size=40))
def test_items_survive_any_chunking(items, sizes):
    assert list(read_items(chunk for chunk in cut(whole(items), sizes) if chunk)) == items


@given(payloads(), st.data())
def test_a_payload_that_was_cut_or_continued_is_refused(items, data):
    encoded = whole(items)
    at = data.draw(st.integers(0, len(encoded) - 1))
    for wrong in (encoded[:at], encoded + encoded[at : at + 1]):
        with pytest.raises(IntegrityError):
            list(read_items(iter([wrong])))


@given(payloads(), st.randoms(use_true_random=False))
def test_another_order_is_refused_or_the_same(items, random):
    shuffled = items.copy()
    random.shuffle(shuffled)
    try:
        assert list(read_items(iter([whole(shuffled)]))) == shuffled
    except IntegrityError:
        return
    assert [type(item) for item in shuffled[-2:]][-1] is End
    kept = [item for item in shuffled if isinstance(item, StoredRecord)]
    assert kept == sorted(kept), "records have one order"


@given(st.binary(max_size=400))
def test_noise_is_refused(noise):
    with pytest.raises(IntegrityError) as caught:
        list(read_items(iter([noise])))
    assert caught.value.code == "backup_damaged"


@pytest.mark.parametrize(
    "item",
    [
        b"\x00" + bytes(4),
        b"\x05" + bytes(4),
        b"\x01" + (64 * 1024 * 1024 + 1).to_bytes(4, "big"),
        b"\x01\xff\xff\xff\xff",
        b"\x02" + (2 * 1024 * 1024 + 1).to_bytes(4, "big"),
        b"\x04" + (33).to_bytes(4, "big") + bytes(33),
        b"\x01" + (16).to_bytes(4, "big") + bytes(16),
    ],
)
def test_a_length_is_refused_before_it_is_read(item):
    """Hazard S8, in another place: a length that somebody else chose must not choose how much memory we take."""

    def endless():
        yield item
        raise AssertionError("read on")

    with pytest.raises(IntegrityError):
        list(read_items(endless()))


@pytest.mark.parametrize(
    "record",
    [
        StoredRecord(b"", 1, b"x"),
        StoredRecord(b"k" * 129, 1, b"x"),
        StoredRecord(b"k", 0, b"x"),
        StoredRecord(b"k", 2**63, b"x"),
        StoredRecord(b"k", 1, b""),
    ],
)
def test_a_record_that_no_store_takes_is_refused(record):
    with pytest.raises(IntegrityError):
        list(read_items(iter([whole([Keyring(b"k"), record, End(1, 1, 0, 0)])])))

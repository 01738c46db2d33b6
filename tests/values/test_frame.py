"""Framing: two lists of fields never give the same bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palyra_kernel.values.framing import frame

FIELDS = st.lists(st.one_of(st.binary(max_size=20), st.text(max_size=20), st.integers(0, 2**64 - 1)))


def as_bytes(field):
    if isinstance(field, str):
        return field.encode()
    return field.to_bytes(8, "big") if isinstance(field, int) else field


def parts(framed: bytes) -> list[bytes]:
    """An independent reader of the format."""
    found = []
    while framed:
        size = int.from_bytes(framed[:4], "big")
        found.append(framed[4 : 4 + size])
        assert len(found[-1]) == size
        framed = framed[4 + size :]
    return found


@given(FIELDS)
def test_the_fields_can_be_read_back(fields):
    """Fields joined by a separator were bound as one elsewhere: a separator inside a field moved the border."""
    assert parts(frame(*fields)) == [as_bytes(field) for field in fields]


@given(st.lists(st.binary(max_size=6)), st.lists(st.binary(max_size=6)))
def test_different_lists_differ(one, other):
    assert (frame(*one) == frame(*other)) == (one == other)


@given(st.binary(max_size=12), st.integers(0, 12), st.integers(0, 12))
def test_moving_a_border_changes_the_bytes(data, first, second):
    one = frame(data[:first], data[first:])
    other = frame(data[:second], data[second:])
    assert (one == other) == (min(first, len(data)) == min(second, len(data)))


def test_the_format_is_fixed():
    """Stored data depends on it."""
    assert frame() == b""
    assert frame("") == bytes(4)
    assert frame("é", b"\0", 1) == bytes.fromhex("00000002c3a9 0000000100 000000080000000000000001")


@pytest.mark.parametrize("number", [-1, 2**64])
def test_a_number_outside_its_field_is_an_error(number):
    with pytest.raises(OverflowError):
        frame(number)

"""ULIDs: one spelling each, and in the order of time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palyra_kernel.values.ulid import is_ulid, new_ulid, ulid_ms

MOMENTS = st.integers(0, 2**48 - 1)


@given(MOMENTS)
def test_what_is_made_is_canonical_and_says_when(at):
    made = new_ulid(at)
    assert is_ulid(made)
    assert ulid_ms(made) == at


@given(MOMENTS, MOMENTS)
def test_they_sort_by_time(one, other):
    if one != other:
        assert (new_ulid(one) < new_ulid(other)) == (one < other)


def test_no_two_of_one_moment_are_the_same():
    assert len({new_ulid(1) for _ in range(1000)}) == 1000


def test_the_example_of_the_specification():
    assert ulid_ms("01ARYZ6S41TSV4RRFFQ69G5FAV") == 1_469_918_176_385
    assert is_ulid("7ZZZZZZZZZZZZZZZZZZZZZZZZZ")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "01ARYZ6S41TSV4RRFFQ69G5FA",
        "01ARYZ6S41TSV4RRFFQ69G5FAVV",
        "01aryz6s41tsv4rrffq69g5fav",
        "01ARYZ6S41TSV4RRFFQ69G5FAI",
        "O1ARYZ6S41TSV4RRFFQ69G5FAV",
        "8ZZZZZZZZZZZZZZZZZZZZZZZZZ",
        "01ARYZ6S41TSV4RRFFQ69G5FAV\n",
        "\u0660" * 26,
    ],
)
def test_other_spellings_are_none(text):
    """Two texts for one id: the second is not found, or is found and is another."""
    assert not is_ulid(text)

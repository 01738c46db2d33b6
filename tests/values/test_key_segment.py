"""Any text is one segment of a key, and comes back from it."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palyra_kernel import InvalidInputError, VaultRef, VaultScope
from palyra_kernel.values.key_segment import MAX_SEGMENT, key_segment, segment_text

texts = st.text(st.characters(codec="utf-8"), max_size=80) | st.text("_-.0aAF/", max_size=12)
short = st.text("_-.0aAF/é", max_size=6)


@pytest.mark.parametrize(
    ("text", "segment"),
    [
        ("", "-"),
        ("-", "_2D"),
        ("-x-", "_2Dx-"),
        (".", "_2E"),
        ("..", "_2E."),
        ("...", "..."),
        ("a_b", "a_b"),
        ("a_bC", "a_bC"),
        ("a_BC", "a_5FBC"),
        ("__token__", "__token__"),
        ("_", "_"),
        ("_/", "__2F"),
        ("https://example.org:8443/simple/", "https_3A_2F_2Fexample.org_3A8443_2Fsimple_2F"),
        ("grün", "gr_C3_BCn"),
    ],
)
def test_the_form_is_what_the_pages_say(text, segment):
    assert key_segment(text) == segment
    assert segment_text(segment) == text


@given(texts)
def test_every_text_is_a_legal_segment(text):
    segment = key_segment(text)
    assert 1 <= len(segment) <= MAX_SEGMENT
    VaultRef(VaultScope("global"), f"a/{segment}")
    assert segment_text(segment) in (text, None if len(segment) == 53 else text)


@given(short, short)
def test_two_texts_are_two_segments(one, other):
    """Hazard D11: two names that are joined or escaped carelessly are one."""
    assert (key_segment(one) == key_segment(other)) == (one == other)


def test_a_long_text_is_a_hash_that_no_text_is_written_as():
    segments = {key_segment("x" * size) for size in range(MAX_SEGMENT + 1, 200)}
    assert len(segments) == 200 - MAX_SEGMENT - 1
    for segment in segments:
        assert len(segment) == 53
        assert segment_text(segment) is None
        assert key_segment(segment) != segment
    assert segment_text(key_segment("x" * MAX_SEGMENT)) == "x" * MAX_SEGMENT
    assert segment_text(key_segment("/" * 20)) is None


@pytest.mark.parametrize("segment", ["_41", "_FF", "-abc", "a/b", "a b", "_2E_2E", "_5Fx"])
def test_what_we_did_not_write_so_is_not_read(segment):
    """A secret that somebody named by hand must not stand in for a name that is written otherwise."""
    assert segment_text(segment) is None


@pytest.mark.parametrize("text", ["\ud800", None, 7])
def test_what_is_no_text_is_refused(text):
    """A missing user must not be taken for the empty one."""
    with pytest.raises(InvalidInputError) as caught:
        key_segment(text)
    assert caught.value.code == "not_text"


def test_two_segments_fit_into_a_key():
    longest = key_segment(string.ascii_letters + "0123456")
    assert len(longest) == MAX_SEGMENT
    VaultRef(VaultScope("global"), f"12345678/{longest}/{longest}")

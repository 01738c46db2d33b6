"""One value has one text, two values never the same one, and what has no exact text is refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palyra_kernel.approvals.arguments import MAX_BYTES, MAX_DEPTH, MAX_INTEGER, canonical, digest
from palyra_kernel.errors import InvalidInputError
from palyra_kernel.values.sensitive import SensitiveBytes

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_the_text_is_json_and_keeps_everything(value):
    assert json.loads(canonical(value)) == value


@given(VALUES, VALUES)
def test_two_values_have_two_texts(one, other):
    """Hazard P6: a grant for arguments A is refused for B: then no two may look the same to it."""
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (digest(one) == digest(other)) == same


@given(st.dictionaries(_TEXT, st.integers(0, 9), max_size=6))
def test_the_order_of_members_is_no_difference(members):
    assert canonical(dict(reversed(members.items()))) == canonical(members)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        ([], "[]"),
        ({}, "{}"),
        ((1, [2]), "[1,[2]]"),
        (-(2**53) + 1, "-9007199254740991"),
        ('\b\t\n\f\r\x1f"\\/\x7f', '"\\b\\t\\n\\f\\r\\u001f\\"\\\\/\x7f"'),
        # The example of RFC 8785, section 3.2.3: sorted by UTF-16 code units, not by code points.
        (
            {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\x80": 6, "\u00f6": 7},
            '{"\\r":2,"1":4,"\x80":6,"\u00f6":7,"\u20ac":1,"\U0001f600":5,"\ufb33":3}',
        ),
        ("e\u0301", '"e\u0301"'),
        ("\u00e9", '"\u00e9"'),
    ],
)
def test_the_form(value, text):
    assert canonical(value).decode() == text


class Sly(dict):  # type: ignore[type-arg]
    """Shows one thing first and another later."""


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        float("nan"),
        float("inf"),
        -0.0,
        MAX_INTEGER + 1,
        -MAX_INTEGER - 1,
        10**5000,
        "\ud800",
        ["a\udfff"],
        {"\ud83d": 1},
        {1: 2},
        {None: 1},
        b"bytes",
        bytearray(b"x"),
        {1, 2},
        object(),
        Sly(a=1),
        type("Text", (str,), {})("x"),
        type("Number", (int,), {})(1),
        {type("Name", (str,), {})("x"): 1},
        SensitiveBytes(b"a secret value"),
        "x" * (MAX_BYTES - 1),
        "\0" * (MAX_BYTES // 6 + 1),
        ["x" * 1000] * 66,
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_has_no_exact_text_is_refused(value):
    """Two readers of a float, a large number or half a character read two things."""
    with pytest.raises(InvalidInputError) as caught:
        canonical(value)
    assert caught.value.code == "approval.arguments"
    assert "secret value" not in str(caught.value)


def test_the_largest_that_is_taken():
    assert len(canonical("x" * (MAX_BYTES - 2))) == MAX_BYTES


def test_nesting_has_a_limit():
    def nested(depth):
        value: object = 1
        for _ in range(depth):
            value = [value]
        return value

    assert canonical(nested(MAX_DEPTH))
    for value in (nested(MAX_DEPTH + 1), nested(100_000)):
        with pytest.raises(InvalidInputError):
            canonical(value)
    loop: list[object] = []
    loop.append(loop)
    with pytest.raises(InvalidInputError):
        canonical(loop)

"""Spans of time, as they are typed and shown."""

from __future__ import annotations

import pytest

from palyra_kernel.cli.spans import parse_span, rough
from palyra_kernel.errors import InvalidInputError


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("15m", 900), ("2h", 7200), ("1d", 86_400)])
def test_a_span_has_a_unit(text, seconds):
    assert parse_span(text, code="x") == seconds


@pytest.mark.parametrize("text", ["", "15", "0m", "-1h", "1w", "1h30m", "\u0661m", "9999999999s"])
def test_what_is_none_is_refused(text):
    with pytest.raises(InvalidInputError) as caught:
        parse_span(text, code="invalid_ttl")
    assert caught.value.code == "invalid_ttl"


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (-5, "0 s"),
        (999, "0 s"),
        (59_999, "59 s"),
        (60_000, "1 min"),
        (7_199_999, "1 h"),
        (172_800_000, "2 d"),
    ],
)
def test_a_span_is_shown_in_its_greatest_unit(milliseconds, text):
    assert rough(milliseconds) == text

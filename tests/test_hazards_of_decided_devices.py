"""What has gone wrong elsewhere where devices are decided on, and the tests that show that it does not here."""

from __future__ import annotations

import re

import pytest

from tests.hazards.transaction_rows import DECIDED
from tests.test_hazards import TESTS, docstrings


@pytest.mark.parametrize("row", DECIDED)
def test_the_row_is_named_by_its_test(row):
    """A test that was renamed, or that came to mean something else, proves nothing of the row any more."""
    for node in DECIDED[row]:
        file, _, name = node.partition("::")
        assert re.search(rf"\bHazards? .*\b{row}\b", docstrings(TESTS / file)[name]), f"{node}: {row}"

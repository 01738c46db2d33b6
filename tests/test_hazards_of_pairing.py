"""What has gone wrong elsewhere while devices were paired, and the test that shows that it does not go wrong here."""

from __future__ import annotations

import re

import pytest

from tests.hazards.pairing_rows import PAIRING
from tests.test_hazards import TESTS, docstrings


@pytest.mark.parametrize("row", PAIRING)
def test_the_row_is_named_by_its_test(row):
    """A test that was renamed, or that came to mean something else, proves nothing of the row any more."""
    for node in PAIRING[row]:
        file, _, name = node.partition("::")
        assert re.search(rf"\b{row}\b", docstrings(TESTS / file)[name]), f"{node} does not name {row}"

"""What has gone wrong elsewhere with devices that have a gateway, and the test that shows it does not go wrong here."""

from __future__ import annotations

import re

import pytest

from tests.hazards.device_side_rows import DEVICE_SIDE
from tests.test_hazards import TESTS, docstrings


@pytest.mark.parametrize("row", DEVICE_SIDE)
def test_the_row_is_named_by_its_test(row):
    """A test that was renamed, or that came to mean something else, proves nothing of the row any more."""
    for node in DEVICE_SIDE[row]:
        file, _, name = node.partition("::")
        assert re.search(rf"\bHazards? .*\b{row}\b", docstrings(TESTS / file)[name]), f"{node}: {row}"

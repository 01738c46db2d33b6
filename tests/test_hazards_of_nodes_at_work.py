"""What has gone wrong elsewhere with nodes at work, and the test that shows that it does not go wrong here."""

from __future__ import annotations

import re

import pytest

from tests.hazards.node_run_rows import NODE_RUN
from tests.test_hazards import TESTS, docstrings


@pytest.mark.parametrize("row", NODE_RUN)
def test_the_row_is_named_by_its_test(row):
    """A test that was renamed, or that came to mean something else, proves nothing of the row any more."""
    for node in NODE_RUN[row]:
        file, _, name = node.partition("::")
        assert re.search(rf"\bHazards? .*\b{row}\b", docstrings(TESTS / file)[name]), f"{node}: {row}"

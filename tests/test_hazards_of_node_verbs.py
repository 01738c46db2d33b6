"""What has gone wrong elsewhere with the verbs of nodes, and the test that shows that it does not go wrong here."""

from __future__ import annotations

import re

import pytest

from tests.hazards.node_verbs_rows import NODE_VERBS
from tests.test_hazards import TESTS, docstrings


@pytest.mark.parametrize("row", NODE_VERBS)
def test_the_row_is_named_by_its_test(row):
    """A test that was renamed, or that came to mean something else, proves nothing of the row any more."""
    for node in NODE_VERBS[row]:
        file, _, name = node.partition("::")
        assert re.search(rf"\bHazards? .*\b{row}\b", docstrings(TESTS / file)[name]), f"{node}: {row}"

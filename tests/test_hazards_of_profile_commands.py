"""What has gone wrong elsewhere with commands of profiles, and the test that shows that it does not here."""

from __future__ import annotations

import re

import pytest

from tests.hazards.command_rows import COMMANDS
from tests.test_hazards import TESTS, docstrings


@pytest.mark.parametrize("row", COMMANDS)
def test_the_row_is_named_by_its_test(row):
    """A test that was renamed, or that came to mean something else, proves nothing of the row any more."""
    number = row.removeprefix("auth ")
    for node in COMMANDS[row]:
        file, _, name = node.partition("::")
        documented = docstrings(TESTS / file)[name]
        assert re.search(rf"\b{number}\b", documented), f"{node} does not name {number}"
        assert "of auth profiles" in documented

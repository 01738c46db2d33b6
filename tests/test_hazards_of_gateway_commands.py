"""What has gone wrong elsewhere where people let devices in, and the test that shows that it does not go wrong here."""

from __future__ import annotations

import re

import pytest

from tests.hazards.gateway_command_rows import GATEWAY_COMMANDS
from tests.test_hazards import TESTS, docstrings


@pytest.mark.parametrize("row", GATEWAY_COMMANDS)
def test_the_row_is_named_by_its_test(row):
    """A test that was renamed, or that came to mean something else, proves nothing of the row any more."""
    for node in GATEWAY_COMMANDS[row]:
        file, _, name = node.partition("::")
        assert re.search(rf"\bHazards? .*\b{row}\b", docstrings(TESTS / file)[name]), f"{node}: {row}"

"""What has gone wrong elsewhere with devices and their certificates, and the test that shows that it does not here."""

from __future__ import annotations

import re

import pytest

from tests.hazards.certificate_rows import CERTIFICATES
from tests.test_hazards import TESTS, docstrings

PROVED: dict[str, tuple[str, ...]] = CERTIFICATES


@pytest.mark.parametrize("row", PROVED)
def test_the_row_is_named_by_its_test(row):
    """A test that was renamed, or that came to mean something else, proves nothing of the row any more."""
    number = row.removeprefix("identity ")
    for node in PROVED[row]:
        file, _, name = node.partition("::")
        documented = docstrings(TESTS / file)
        assert re.search(rf"\b{number}\b", documented[name]), f"{node} does not name {number}"

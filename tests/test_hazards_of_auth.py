"""What has gone wrong elsewhere with auth profiles, and the tests that show that it does not go wrong here.

H are hazards, I the invariants that close them. Each part of the room has rows of its own; together they are all.
"""

from __future__ import annotations

import re
from collections import defaultdict

import pytest

from tests.hazards.adapter_rows import ADAPTERS
from tests.hazards.auth_rows import AUTH
from tests.hazards.command_rows import COMMANDS
from tests.hazards.document_rows import DOCUMENTS
from tests.hazards.issuer_rows import ISSUER
from tests.hazards.login_rows import LOGINS
from tests.hazards.refresh_rows import REFRESH
from tests.hazards.vendor_rows import VENDORS
from tests.test_hazards import TESTS, docstrings

ROWS: defaultdict[str, list[str]] = defaultdict(list)
for _part in (ADAPTERS, AUTH, COMMANDS, DOCUMENTS, ISSUER, LOGINS, REFRESH, VENDORS):
    for _row, _tests in _part.items():
        ROWS[_row] += _tests


def test_every_hazard_and_invariant_has_its_test():
    """A hazard that nobody tries is one that we have."""
    assert ROWS.keys() == {f"auth H{number}" for number in range(1, 61)} | {
        f"auth I{number}" for number in range(1, 14)
    }


@pytest.mark.parametrize("row", sorted(ROWS))
def test_the_row_is_named_by_its_tests(row):
    """A test that was renamed, or that came to mean something else, proves nothing of the row any more."""
    number = row.removeprefix("auth ")
    for node in ROWS[row]:
        file, _, name = node.partition("::")
        documented = docstrings(TESTS / file)[name]
        assert re.search(rf"\b{number}\b", documented), f"{node} does not name {number}"

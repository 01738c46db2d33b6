"""What has gone wrong in vaults elsewhere, and the test that shows that it does not go wrong here.

D is for data that was lost, K for locks, P for what a call costs, S for secrets that got out, U for use.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.hazards.audit_rows import AUDIT
from tests.hazards.data_rows import DATA
from tests.hazards.secret_rows import SECRETS
from tests.hazards.use_rows import USE

TESTS = Path(__file__).parent

PROVED: dict[str, tuple[str, ...]] = DATA | SECRETS | USE | AUDIT

WAITING = {
    "D3": "no older format is taken over when a vault is opened, so nothing can race with it",
    "D4": "the same: no files of an older format are left behind",
}

_NUMBERS = {"D": range(1, 19), "K": range(1, 8), "P": range(1, 6), "U": range(1, 18)}
_SECRETS = (*range(1, 13), 17, 20, 21, 22)  # the others are of decisions, audit logs and approvals
ROWS = (
    {f"{letter}{number}" for letter, numbers in _NUMBERS.items() for number in numbers}
    | {f"S{number}" for number in _SECRETS}
    | AUDIT.keys()
)


def test_every_row_is_proved_or_waits():
    """A hazard that nobody wrote down is met again."""
    assert PROVED.keys() | WAITING.keys() == ROWS
    assert PROVED.keys().isdisjoint(WAITING)


@pytest.mark.parametrize("row", PROVED)
def test_the_row_is_named_by_its_test(row):
    """A test that was renamed, or that came to mean something else, proves nothing of the row any more."""
    for node in PROVED[row]:
        file, _, name = node.partition("::")
        documented = docstrings(TESTS / file)
        assert re.search(rf"\b{row}\b", documented[name]), f"{node} does not name {row}"


@cache
def docstrings(path: Path) -> dict[str, str]:
    """The docstrings of the tests in *path*, by name."""
    return {
        node.name: ast.get_docstring(node) or ""
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef)
    }

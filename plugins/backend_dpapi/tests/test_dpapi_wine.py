"""The calls of Windows for real, on Linux: tests that run in a CPython for Windows, which Wine runs."""

import re

import pytest

from tests.wine.session import new_wine, require_wine

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]

TESTS = (
    "plugins/backend_dpapi/tests/test_dpapi_windows.py",
    "plugins/backend_dpapi/tests/test_dpapi_outcomes.py",
    "tests/durable/test_objects.py",
)
AT_LEAST = 135
"""How many of them there are: a run that collects half of them proves half."""


def test_backend_slot_and_vault_work_on_windows():
    """Hazard U17: tests of operating-system stores ran on messages of their own making."""
    require_wine()
    with new_wine() as wine:
        ran = wine.python("-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider", *TESTS, seconds=500)
    output = (ran.stdout + ran.stderr).decode(errors="replace")
    assert ran.returncode == 0, output
    passed = re.search(r"(\d+) passed", output)
    assert passed is not None, output
    assert int(passed[1]) >= AT_LEAST, output

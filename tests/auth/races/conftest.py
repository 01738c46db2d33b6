"""Two issuers to race for: the real one, and the small one."""

from __future__ import annotations

import sys

import pytest

from tests.auth.races.issuers import at_vendor
from tests.auth.races.logins import ProviderLogin

collect_ignore_glob = ["test_*.py"] if sys.platform == "win32" else []  # processes are forked and killed here


@pytest.fixture(params=[pytest.param("npm", marks=pytest.mark.real), "vendor"])
def log_in(request):
    """Makes a login, a grant of its own each time."""
    if request.param == "npm":
        issuer = request.getfixturevalue("issuer")
        yield lambda: ProviderLogin(issuer.client())
        return
    with at_vendor() as log_in:
        yield log_in


@pytest.fixture
def base(tmp_path):
    folder = tmp_path / "base"
    folder.mkdir(mode=0o700)
    return folder

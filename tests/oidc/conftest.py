"""One issuer for all tests of a process; each test registers clients of its own."""

from __future__ import annotations

import pytest

from tests.oidc.server import require_issuer, running_issuer


@pytest.fixture(scope="session")
def issuer():
    require_issuer()
    with running_issuer() as running:
        yield running

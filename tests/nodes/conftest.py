"""One gateway over a vault of the test's own."""

from __future__ import annotations

import pytest

from tests.nodes.world import Gateway


@pytest.fixture
def gateway(parts):
    return Gateway(parts.records)

"""One process's view of the devices in a vault of the test's own."""

from __future__ import annotations

import pytest

from tests.identity.devices.registry import Registry


@pytest.fixture
def registry(parts):
    return Registry(parts.records)

"""One house for each test."""

from __future__ import annotations

import pytest

from tests.session.house import House


@pytest.fixture
def house(places):
    house = House(places)
    yield house
    house.close()

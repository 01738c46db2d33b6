"""One house for the tests of a file: each uses devices of its own."""

from __future__ import annotations

import pytest

from tests.daemon.nodes.world import house_of, opened


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    base = tmp_path_factory.mktemp("house")
    with opened(base, create=True) as kernel, house_of(kernel, base) as house:
        yield house


@pytest.fixture(autouse=True)
def _nobody_stays(house):
    yield
    house.hang_up()

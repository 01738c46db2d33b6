"""A desk for each test."""

from __future__ import annotations

import pytest

from tests.auth.documents.desk import Desk
from tests.support import Places


@pytest.fixture
def desk(tmp_path):
    with Places(tmp_path).create() as kernel:
        yield Desk(kernel)

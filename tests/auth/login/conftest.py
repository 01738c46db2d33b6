"""A stand for each test."""

from __future__ import annotations

import pytest

from tests.auth.login.stand import SigningVendor, Stand


@pytest.fixture
def stand(tmp_path):
    with SigningVendor() as vendor, Stand(tmp_path / "stand", vendor) as stand:
        yield stand

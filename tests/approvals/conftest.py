"""A room of approvals for each test."""

from __future__ import annotations

import pytest

from tests.approvals.room import Room


@pytest.fixture
def room(tmp_path):
    return Room(tmp_path / "room")

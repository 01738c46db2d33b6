"""The check keeps the contract: with working hours, with a freeze, and with both."""

from datetime import UTC, datetime

import pytest

from palyra_check_quiet_hours import QuietHours, palyra_policy_checks
from palyra_kernel import CheckPlace
from palyra_kernel.testing import PolicyCheckContract, action_request

NIGHT = int(datetime(2026, 7, 1, 1, 0, tzinfo=UTC).timestamp() * 1000)
DAY = int(datetime(2026, 7, 1, 9, 0, tzinfo=UTC).timestamp() * 1000)
wall = datetime.fromisoformat
BASE = {"timezone": "Europe/Prague", "actions": ["secret.delete", "vault.*"]}


def test_the_hook_offers_the_check():
    assert palyra_policy_checks() == [QuietHours]


class Rules(PolicyCheckContract):
    @pytest.fixture
    def check(self, settings):
        return QuietHours.open(CheckPlace(settings=settings))

    @pytest.fixture
    def objected(self):
        return [action_request(action=action, at_ms=NIGHT) for action in ("secret.delete", "vault.rekey")]

    @pytest.fixture
    def unobjected(self):
        return [action_request(action="secret.delete", at_ms=DAY), action_request(at_ms=NIGHT)]


class TestWorkingHours(Rules):
    @pytest.fixture
    def settings(self):
        return {**BASE, "working_hours": ["Mon-Fri 08:00-18:00"]}


class TestFreeze(Rules):
    @pytest.fixture
    def settings(self):
        freeze = {"from": wall("2026-06-30 18:00"), "until": wall("2026-07-01 08:00")}
        return {**BASE, "maintenance": [freeze]}


class TestBoth(Rules):
    @pytest.fixture
    def settings(self):
        freeze = {
            "from": datetime(2026, 7, 1, 0, 30, tzinfo=UTC),
            "until": datetime(2026, 7, 1, 2, 0, tzinfo=UTC),
        }
        return {**BASE, "working_hours": ["Mon-Sun 07:00-20:00"], "maintenance": [freeze]}

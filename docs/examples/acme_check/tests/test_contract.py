import pytest
from acme_palyra_check import PeopleOnly

from palyra_kernel import CheckPlace
from palyra_kernel.testing import PolicyCheckContract, action_request


class TestPeopleOnly(PolicyCheckContract):
    @pytest.fixture
    def settings(self):
        return {"labels": ["env=prod"]}

    @pytest.fixture
    def check(self, settings):
        return PeopleOnly.open(CheckPlace(settings=settings))

    @pytest.fixture
    def objected(self):
        labels = ("env=prod", "team=web")
        return [
            action_request(principal="agent:planner", labels=labels),
            action_request(tool="shell", labels=labels),
        ]

    @pytest.fixture
    def unobjected(self):
        return [action_request(labels=("env=prod",)), action_request(principal="agent:planner")]

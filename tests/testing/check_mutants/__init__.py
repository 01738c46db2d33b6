"""Policy checks that are each broken in one way; ``breaks`` names the one rule that must notice."""

import threading
import time

import pytest

from palyra_kernel.contracts.checks import CheckPlace
from palyra_kernel.testing import PolicyCheckContract as Contract
from palyra_kernel.testing import action_request
from tests.testing.toy_check import ToyCheck as Healthy

__all__ = ["KNOBS", "OVERTIME", "Contract", "Healthy", "fixtures", "pause"]

KNOBS: dict[str, object] = {"patience": 2.0}
OVERTIME = 5.0
"""Seconds that a broken check goes on: more than the kit's patience here."""


def pause():
    """Lose the race: only the threads of a rule wait."""
    if threading.current_thread() is not threading.main_thread():
        time.sleep(0.02)


def fixtures(subject):
    @pytest.fixture
    def settings(self):
        return {"forbidden": ["secret.delete", "vault.rekey"]}

    @pytest.fixture
    def check(self, settings):
        return subject.open(CheckPlace(settings=settings))

    @pytest.fixture
    def objected(self):
        return [action_request(action="secret.delete"), action_request(action="vault.rekey", mtls=False)]

    @pytest.fixture
    def unobjected(self):
        return [action_request()]

    @pytest.fixture
    def stuck(self, settings):
        opened = subject.open(CheckPlace(settings=settings))
        opened.stuck = True
        return opened, action_request()

    return {each.__name__: each for each in (settings, check, objected, unobjected, stuck)}

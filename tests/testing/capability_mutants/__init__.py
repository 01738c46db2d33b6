"""Capabilities that are each broken in one way; ``breaks`` names the one rule that must notice."""

import pytest

from palyra_kernel.testing import CapabilityContract as Contract
from tests.testing.check_mutants import pause
from tests.testing.toy_capability import ToyCapability as Healthy

__all__ = ["KNOBS", "Contract", "Healthy", "fixtures", "pause"]

KNOBS: dict[str, object] = {"patience": 2.0}


def fixtures(subject):
    @pytest.fixture
    def settings(self):
        return {"rounds": 200}

    @pytest.fixture
    def capability(self, place):
        return subject.open(place)

    @pytest.fixture
    def good(self):
        return [b'"one"', b'"two"', b'"' + b"x" * 1022 + b'"']

    @pytest.fixture
    def bad(self):
        return [b"[]", b"17"]

    @pytest.fixture
    def slow(self):
        return b'"slow"'

    return {each.__name__: each for each in (settings, capability, good, bad, slow)}

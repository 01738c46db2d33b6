"""Key protectors that are each broken in one way; ``breaks`` names the one rule that must notice."""

import msgspec
import pytest

from palyra_kernel.contracts import Unlock
from palyra_kernel.testing import KeyProtectorContract as Contract
from palyra_kernel.values import SensitiveBytes
from tests.testing.toy_protector import ToyProtector as Healthy

__all__ = ["Contract", "Healthy"]

KNOBS: dict[str, object] = {}


def fixtures(subject):
    @pytest.fixture
    def protector(self):
        return subject()

    @pytest.fixture
    def params(self):
        return {"cost": 1}

    @pytest.fixture
    def bad_params(self):
        return [{"cost": 2}]

    @pytest.fixture
    def missing_unlocks(self, unlock):
        return [Unlock(), msgspec.structs.replace(unlock, passphrase=None)]

    @pytest.fixture
    def wrong_unlocks(self, unlock):
        return [msgspec.structs.replace(unlock, passphrase=SensitiveBytes(b"another passphrase entirely"))]

    made = (protector, params, bad_params, missing_unlocks, wrong_unlocks)
    return {fixture.__name__: fixture for fixture in made}

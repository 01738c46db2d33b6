import pytest
from acme_palyra_capability import Shelf

from palyra_kernel.testing import CapabilityContract


class TestShelf(CapabilityContract):
    @pytest.fixture
    def settings(self, tmp_path):
        return {"folder": str(tmp_path)}

    @pytest.fixture
    def capability(self, place):
        return Shelf.open(place)

    @pytest.fixture
    def good(self):
        return [b"{}"]

    @pytest.fixture
    def bad(self):
        return [b"[]", b'{"folder":"/"}']

import pytest
from acme_palyra_store import AcmeStore

from palyra_kernel.testing import BlobBackendContract


class TestAcmeStore(BlobBackendContract):
    processes = 4

    @pytest.fixture
    def backend(self, place):
        return AcmeStore.open(place)

import pytest
from acme_palyra_memory import AcmeMemory

from palyra_kernel.testing import BlobBackendContract


class TestAcmeMemory(BlobBackendContract):
    processes = 4

    @pytest.fixture
    def backend(self, place):
        return AcmeMemory.open(place)

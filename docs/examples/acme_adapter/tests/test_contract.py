import pytest
from acme_palyra_adapter import Acme

from palyra_kernel.testing import OAuthRefreshAdapterContract


class TestAcme(OAuthRefreshAdapterContract):
    @pytest.fixture
    def adapter(self):
        return Acme()

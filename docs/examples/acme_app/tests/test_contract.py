from types import SimpleNamespace

import pytest
from acme_palyra_app import Names

from palyra_kernel.testing import AppRequest, AsgiAppContract


class TestNames(AsgiAppContract):
    @pytest.fixture
    def session(self):
        listed = [SimpleNamespace(ref="vault://global/token")]
        return SimpleNamespace(secrets=SimpleNamespace(list=lambda scope: listed))

    @pytest.fixture
    def app(self, place):
        return Names.open(place)

    @pytest.fixture
    def requests(self):
        return [AppRequest("GET", "/global")]

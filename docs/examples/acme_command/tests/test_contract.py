import pytest
from acme_palyra_command import Names

from palyra_kernel.testing import CommandContract


class TestNames(CommandContract):
    @pytest.fixture
    def command(self):
        return Names()

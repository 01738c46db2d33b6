"""The tests of plugins stand on what every test stands on."""

from tests.conftest import _no_network, _own_environment, pytest_runtest_makereport

__all__ = ["_no_network", "_own_environment", "pytest_runtest_makereport"]

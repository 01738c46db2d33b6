"""Throwaway places and what is built in them."""

from __future__ import annotations

import pytest

from tests.oidc.server import require_issuer, running_issuer
from tests.support import Parts, Places


@pytest.fixture
def places(tmp_path):
    return Places(tmp_path)


@pytest.fixture
def kernel(places):
    with places.create() as kernel:
        yield kernel


@pytest.fixture
def vault(kernel):
    return kernel.vault


@pytest.fixture
def parts(tmp_path):
    return Parts(tmp_path / "heads")


@pytest.fixture(scope="session")
def issuer():
    """A real one, npm's: one for all tests of a process; each test registers clients of its own."""
    require_issuer()
    with running_issuer() as running:
        yield running

"""Here there is one issuer."""

from __future__ import annotations

import pytest


@pytest.fixture
def issuer(real_issuer):
    return real_issuer

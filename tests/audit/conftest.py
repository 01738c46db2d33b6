"""An audit log over records in memory."""

from __future__ import annotations

import pytest

from palyra_kernel.audit import Audit
from tests.audit.events import seed


@pytest.fixture
def audit(parts):
    audit = Audit(parts.records, seed)
    yield audit
    audit.close()

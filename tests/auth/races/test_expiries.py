"""Thirty-two processes at the end of one token: one of them refreshes, all of them get what it got."""

from __future__ import annotations

import pytest

from tests.auth.races.expiries import Expiries

pytestmark = [pytest.mark.timeout(240), pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")]


def test_each_expiry_costs_one_refresh(base, log_in):
    """Hazard H32 of auth profiles: waiters refreshed again, and one rotating token spent twice killed the family.
    Invariant I2: single flight across processes. ``python3 dev.py bench refresh-race`` takes a thousand expiries."""
    Expiries(base, log_in(), processes=32).run(expiries=8)

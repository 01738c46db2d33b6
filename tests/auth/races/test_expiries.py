"""Thirty-two processes at the end of one token: one of them refreshes, all of them get what it got."""

from __future__ import annotations

import pytest

from tests.auth.races.expiries import Expiries
from tests.auth.races.lives import Lives
from tests.auth.races.logins import ProviderLogin

pytestmark = [pytest.mark.timeout(240), pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")]


def test_each_expiry_costs_one_refresh(base, log_in):
    """Hazard H32 of auth profiles: waiters refreshed again, and one rotating token spent twice killed the family.
    Invariant I2: single flight across processes. ``python3 dev.py bench refresh-race`` takes a thousand expiries."""
    Expiries(base, log_in(), processes=32).run(expiries=8)


def test_a_newer_token_is_there_for_all_at_once(base, log_in):
    """Hazard H1 of auth profiles: tokens were read once, at the start, and a provider that takes the newest alone
    refused them from the first refresh on. Invariant I1: every use reads the current version."""
    Expiries(base, log_in(), processes=6, renewed=True).run(expiries=10)


@pytest.mark.real
def test_schedulers_and_callers_in_real_time(base, issuer):
    """Hazards H3 and H32 of auth profiles, invariant I2: whoever refreshes before it is needed and whoever does because
    it is, in several processes at once, are never two."""
    Lives(base, ProviderLogin(issuer.client(seconds=2)), processes=8, generation=5).run()

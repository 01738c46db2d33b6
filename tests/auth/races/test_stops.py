"""Stopped in a refresh, as a machine that goes to sleep stops it; others go on."""

from __future__ import annotations

import pytest

from tests.auth.races.stops import POINTS, Stopped

pytestmark = [pytest.mark.timeout(240), pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")]


def test_a_process_that_was_taken_for_dead_sends_nothing_any_more(base, log_in):
    """Hazards H32 and H35 of auth profiles: whoever held the lock was stopped for a minute, somebody else took over
    and then both were inside. The token that the first still had in hand was spent, and sending it ended the login."""
    stopped = Stopped(base, log_in())
    for point in POINTS:
        stopped.at(point)

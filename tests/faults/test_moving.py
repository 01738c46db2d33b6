"""Killed at any moment of a migration: no secret is lost and none is in two places."""

import pytest

from tests.faults.moving import Moving

pytestmark = [pytest.mark.timeout(240), pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")]

INTERRUPTIONS = 15


def test_kill_9_at_random_moments_of_a_migration(tmp_path):
    """Hazards U13, D5: a change of backend left what was written meanwhile, or half of everything, behind. Another
    process, which opened the vault before, writes all the time; ``python3 dev.py bench faults migrate`` kills a
    thousand times."""
    (tmp_path / "base").mkdir(mode=0o700)
    moving = Moving(tmp_path / "base", seed=3)
    while moving.interruptions < INTERRUPTIONS:
        moving.round()
    assert moving.counts["writes"]

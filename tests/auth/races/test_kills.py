"""Killed before any line of a refresh: the login lives, or somebody is told."""

from __future__ import annotations

from itertools import product

import pytest

from tests.auth.races.kills import Kills, Lines

pytestmark = [pytest.mark.timeout(240), pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")]

ROUNDS = 12


def test_kill_9_in_a_refresh(base, log_in):
    """Hazard H37 of auth profiles: a crash between the provider's answer and the vault lost the rotated token, in
    silence. Invariant I3: a refresh that nobody knows the end of is suspect, probed once, never blindly repeated.
    ``python3 dev.py bench refresh-faults`` takes a thousand kills."""
    kills = Kills(base, log_in)
    length = kills.length()
    for number in range(ROUNDS):
        kills.round((Lines(), 1 + length * number // ROUNDS))
    assert kills.counts["killed"] == ROUNDS
    assert kills.counts["not spent"]
    assert kills.counts["spent, not stored"] == kills.counts["told that it is lost"]


def test_kill_9_in_a_refresh_and_in_what_comes_after(base, log_in):
    """Invariant I3: however often it crashes, a token that may be spent is presented once more at most."""
    kills = Kills(base, log_in)
    length = kills.length()
    for first, then in product((45, 53, 61, 69), (40, 60, 80)):  # about where the request goes out
        kills.round((Lines(), length * first // 100), (Lines(), length * then // 100))
    assert kills.counts["killed"] > ROUNDS
    assert kills.counts["told that it is lost"]


def test_kill_9_in_a_refresh_while_the_token_still_works(base, log_in):
    """Invariant I3: what is suspect is tried by its access token, which costs nothing; the refresh token stays where it
    is until there is no other way."""
    kills = Kills(base, log_in)
    length = kills.length(early=True)
    for number in range(ROUNDS):
        kills.round((Lines(), 1 + length * number // ROUNDS), early=True)
    assert kills.counts["found suspect"]
    assert kills.counts["spent, not stored"] == kills.counts["told that it is lost"]

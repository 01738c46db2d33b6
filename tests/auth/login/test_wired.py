"""Logins among the other parts of the room: what a process that lives long does for them, and a refresh under way."""

from __future__ import annotations

from threading import Thread

from palyra_kernel.auth.login.attempt import TTL_MS
from palyra_kernel.auth.login.revocations import FIRST_PAUSE_MS
from tests.auth.script import Step, status

GENEROUS = 30


def test_who_refreshes_also_revokes_and_tidies(stand):
    """Hazard H42 of auth profiles: later both tokens are revoked, by whoever lives long; and what logins left goes."""
    stand.login()
    stand.open(stand.wanted("other"))
    stand.vendor.script(status(503), path="/revoke")
    stand.logins.logout("work")
    assert stand.secrets() == 2
    stand.restart()
    stand.auth.scheduler.sweep()
    assert stand.living() == {"family-1"}
    stand.clock.go(max(FIRST_PAUSE_MS, TTL_MS) / 1000)
    stand.auth.scheduler.sweep()
    assert stand.living() == set()
    assert stand.secrets() == 0


def test_a_token_that_is_refreshed_while_somebody_logs_out_is_revoked(stand):
    """Hazard H33 of auth profiles, hazard H42: the answer of a refresh came after the end, and its tokens lived on."""
    stand.login()
    stand.vendor.grants.rotates = True
    stand.vendor.script(Step(gate="gate"))
    refreshing = Thread(target=stand.auth.refresh, args=("work",))
    refreshing.start()
    stand.vendor.reached()
    stand.vendor.always(status(503), path="/revoke")
    assert stand.logins.logout("work").remote == "waiting"
    stand.vendor._always.clear()
    stand.vendor.open()
    refreshing.join(GENEROUS)
    assert not refreshing.is_alive()
    assert stand.living() == set()
    stand.clock.go(FIRST_PAUSE_MS / 1000)
    stand.logins.tidy()
    assert stand.secrets() == 0
    assert not stand.logins.revocations.waiting()


def test_a_token_that_is_refreshed_while_somebody_logs_in_anew_is_left_alone(stand):
    """Hazard H33 of auth profiles: the old answer replaces nothing; and nothing is revoked that may be of the same
    grant."""
    from palyra_kernel.auth.login.attempt import Wanted

    first = stand.login()
    stand.vendor.script(Step(gate="gate"))
    refreshing = Thread(target=stand.auth.refresh, args=("work",))
    refreshing.start()
    stand.vendor.reached()
    stand.clock.go(1)
    stand.login(Wanted(profile=first))
    tokens = stand.tokens()
    stand.vendor.open()
    refreshing.join(GENEROUS)
    assert not refreshing.is_alive()
    assert stand.tokens() == tokens
    assert stand.posts("/revoke") == 0

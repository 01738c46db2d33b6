"""Refreshes in every order with everything that goes wrong, against the issuer that rotates and notices reuse."""

import contextlib
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from palyra_kernel import PalyraError, UnavailableError
from palyra_kernel.auth.family import Family
from tests.auth.script import changed, cut, error, half, status
from tests.auth.vendor import Vendor
from tests.auth.world import Time, auth_of, login, refresh_token
from tests.support import Places

STEPS = {
    "true": None,
    "cut before": cut(acts=False),
    "cut behind": cut(),
    "half": half(),
    "500": status(500),
    "429": status(429, retry_after="3"),
    "unavailable": error("temporarily_unavailable", 503),
    "odd": changed(expires_in="1h"),
    "kept": changed("refresh_token"),
}
POINTS = ("before the intent", "behind the intent", "before the store", "behind the store")


class KilledError(BaseException):
    """What a killed process does next: nothing."""


class Machine(RuleBasedStateMachine):
    """Invariants I3, I4 and I6 of auth profiles, with processes that die at every commit of a refresh.

    A login is lost only where the issuer rotated and nobody heard the answer; then the family says so. What is handed
    out works at the issuer; and no refresh token is ever sent twice while a newer one is known.
    """

    kernel: Any = None
    vendor: Any = None

    def __init__(self):
        super().__init__()
        self.time = Time()
        self.auth = auth_of(self.kernel, self.time.clock)
        self.vendor.adjust("rotates", value=True)
        login(self.auth, self.vendor)
        self.lost = False
        self.doubted = False
        self.newest = 1
        self.reused = self.vendor.counts["reused"]

    def family(self) -> Family:
        return self.auth.parts.families.read("main")[1]

    @rule(seconds=st.sampled_from([1, 60, 1800, 3500, 7200]))
    def time_passes(self, seconds):
        self.time.pass_by(seconds)

    @rule()
    def log_in_again(self):
        login(self.auth, self.vendor)
        self.lost = self.doubted = False

    @rule(step=st.sampled_from(sorted(STEPS)))
    @precondition(lambda self: not self.family().terminal)
    def refresh(self, step):
        family, asked = self.family(), self.vendor.counts["POST /token"]
        made = STEPS[step]
        self.vendor.adjust("rotates", value=step != "kept")
        if made is not None:
            self.vendor.script(made)
        with contextlib.suppress(PalyraError):
            self.auth.refresh("main")
        if self.vendor.counts["POST /token"] > asked:
            self.lost |= step in ("cut behind", "half") and self.family().generation == family.generation
            if (
                family.suspicion or family.intent
            ):  # presented once more, and no answer came: there is no third time
                self.lost |= self.family().terminal_code == "refresh_lost"
        else:
            self.vendor.forget_script()

    @rule(point=st.sampled_from(POINTS))
    @precondition(lambda self: not self.family().terminal)
    def die_while_refreshing(self, point):
        before, asked = self.family(), self.vendor.counts["refreshed"]
        self.vendor.adjust("rotates", value=True)
        refresher, where = self.auth.parts.refresher, point.split()
        target, name = (
            (refresher._families, "swap") if where[-1] == "intent" else (refresher._tokens, "store")
        )
        true = getattr(target, name)

        def deadly(*arguments, **options):
            if where[0] == "behind":
                true(*arguments, **options)
            raise KilledError

        setattr(target, name, deadly)
        with contextlib.suppress(KilledError, PalyraError):
            profile = self.auth.parts.registry.find("main")
            refresher.refresh(profile, after=before.generation, force=True)
        self.auth.close()
        self.auth = auth_of(self.kernel, self.time.clock)
        if self.vendor.counts["refreshed"] > asked and self.family().generation == before.generation:
            self.lost = True

    @rule()
    def use(self):
        family = self.family()
        try:
            access = self.auth.get_token("main").reveal().decode()
        except UnavailableError:
            return
        fresh = self.family()
        assert fresh.expires_at_ms is None or fresh.expires_at_ms > self.time.now_ms()
        if not self.lost and fresh.generation >= family.generation:
            assert self.vendor.works(access)

    @invariant()
    def a_login_is_lost_with_a_word(self):
        family = self.family()
        if family.generation > self.newest:
            self.newest, self.doubted = family.generation, False
        self.doubted |= family.suspicion is not None or family.intent is not None
        if family.terminal:
            # Without an answer, or without a living holder, for the second time: there is no third.
            assert self.lost or (self.doubted and family.terminal_code == "refresh_lost")
            assert family.terminal == "reauth_required"
        if self.lost and family.intent is None:
            assert family.suspicion is not None or family.terminal
        if not self.lost:
            assert not self.vendor.family(refresh_token(self.auth)).ended

    @invariant()
    def no_token_is_sent_twice_while_a_newer_one_is_known(self):
        if not self.lost:
            assert self.vendor.counts["reused"] == self.reused
        self.reused = self.vendor.counts["reused"]

    def teardown(self):
        self.vendor.forget_script()
        self.auth.close()


@pytest.mark.timeout(240)
@pytest.mark.parametrize("examples", [15])
def test_a_login_survives_or_says_that_it_did_not(tmp_path, examples):
    """Invariants I3, I4 and I6: see :class:`Machine`."""
    with Vendor() as vendor, Places(tmp_path).create() as kernel:
        made = type("Here", (Machine,), {"kernel": kernel, "vendor": vendor})
        run_state_machine_as_test(
            made,
            settings=settings(
                max_examples=examples,
                stateful_step_count=12,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )

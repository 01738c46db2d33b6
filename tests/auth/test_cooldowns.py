"""What failures, successes and probes make of a state."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from palyra_kernel.auth.cooldowns import (
    MAX_RETRY_AFTER_MS,
    PROBE_MS,
    RuntimeState,
    backoff_ms,
    cleared,
    failed,
    jittered,
    probing,
    settled,
    succeeded,
)
from palyra_kernel.auth.family import Family
from palyra_kernel.auth.names import Provider
from palyra_kernel.auth.profile import FromSource, Profile
from palyra_kernel.auth.standing import standing
from palyra_kernel.values.secret_ref import SecretRef
from tests.auth.choosing import NOW, OPENAI, profile

ANTHROPIC, OTHER = Provider("anthropic"), Provider("custom", "acme")
KINDS = (
    "auth_invalid",
    "refresh_due",
    "refresh_failed",
    "quota",
    "rate_limit",
    "transient",
    "config_missing",
)
USES = ("call", "refresh")
FRESH = RuntimeState(id="a")


def fail(state, kind, now_ms=NOW, provider=OPENAI, **more):
    return failed(state, kind, provider, now_ms=now_ms, random=lambda: 1.0, **more).state


def row(kind, count, provider=OPENAI):
    """Seconds of the cooldowns of *count* failures in a row, each after the one before was over."""
    state, now_ms, waits = FRESH, NOW, []
    for _ in range(count):
        state = fail(state, kind, now_ms, provider)
        until = state.cooling_until_ms(now_ms, stale=True)
        waits.append((until - now_ms) / 1000)
        now_ms = until
    return waits


@pytest.mark.parametrize(
    ("provider", "seconds"),
    [(OPENAI, [15, 30, 60, 300]), (ANTHROPIC, [20, 40, 80, 600]), (OTHER, [30, 60, 120, 1800])],
)
def test_the_backoff_of_refreshes(provider, seconds):
    """Hazard H5 of auth profiles: two tables had different numbers."""
    assert [backoff_ms(provider, count) / 1000 for count in (1, 2, 3, 20)] == seconds
    assert backoff_ms(provider, 10**9) == seconds[-1] * 1000
    assert backoff_ms(provider, 0) == 0


@pytest.mark.parametrize(
    ("kind", "provider", "seconds"),
    [
        ("refresh_failed", OPENAI, [15, 30, 60]),
        ("auth_invalid", OPENAI, [300, 300, 300]),
        ("auth_invalid", OTHER, [300, 600, 1200]),
        ("quota", OPENAI, [1800, 3600, 7200]),
        ("rate_limit", OPENAI, [60, 120, 240]),
        ("refresh_due", OTHER, [30, 60, 120]),
        ("transient", OTHER, [15, 30, 30]),
    ],
)
def test_cooldowns_by_kind(kind, provider, seconds):
    assert row(kind, 3, provider) == seconds


def test_no_row_of_failures_waits_longer_than_a_day():
    for kind in set(KINDS) - {"config_missing"}:
        assert max(row(kind, 30, OTHER)) <= 24 * 3600


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [(120, 120), (1, 1), (10**9, 86_400), (math.inf, 86_400), (math.nan, 60), (-5, 60), (0, 60), (None, 60)],
)
def test_what_the_server_asked_for_is_honoured(asked, seconds):
    """Hazard H5 of auth profiles: Retry-After was never read. Nonsense is ignored, and nobody waits for more than a
    day."""
    state = fail(FRESH, "rate_limit", retry_after_seconds=asked)
    assert state.cooling_until_ms(NOW, stale=False) == NOW + seconds * 1000


def test_an_issuer_that_asks_for_a_pause_gets_it():
    """Hazard H5 of auth profiles: Retry-After was never read."""
    state = failed(
        FRESH, "refresh_failed", OPENAI, now_ms=NOW, random=lambda: 0.1, retry_after_seconds=600
    ).state
    assert state.cooling_until_ms(NOW, stale=True) == NOW + 600_000


def test_a_server_that_asks_for_little_again_and_again_is_not_believed():
    state = fail(FRESH, "rate_limit", retry_after_seconds=1)
    state = fail(state, "rate_limit", NOW + 1000, retry_after_seconds=1)
    assert state.cooling_until_ms(NOW, stale=False) == NOW + 1000 + 120_000


def test_retries_do_not_come_back_together():
    """Hazard H29 of auth profiles: the backoff had no jitter."""
    chance = random.Random(7)
    ends = []
    for _ in range(1000):
        state = failed(FRESH, "refresh_failed", OTHER, now_ms=NOW, random=chance.random).state
        ends.append(state.cooling_until_ms(NOW, stale=True) - NOW)
    assert max(ends) <= 30_000
    assert max(ends) - min(ends) >= 15_000
    assert len(set(ends)) > 500
    assert jittered(30_000, lambda: 0.0) == 1


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_no_failure_moves_a_deadline_nearer(data):
    """Hazard H13, invariant I5 of auth profiles: a shorter cooldown replaced a longer one, and `config_missing` erased
    all. Only a success of what is disproved, clearing, and time end one."""
    state, now_ms = FRESH, NOW
    for _ in range(data.draw(st.integers(1, 20))):
        now_ms += data.draw(st.integers(0, 100_000))
        kind = data.draw(st.sampled_from(KINDS))
        asked = data.draw(st.none() | st.floats())
        began = data.draw(st.none() | st.integers(now_ms - 100_000, now_ms))
        provider = data.draw(st.sampled_from([OPENAI, ANTHROPIC, OTHER]))
        after = failed(
            state,
            kind,
            provider,
            now_ms=now_ms,
            random=lambda: data.draw(st.floats(0, 1)),
            began_ms=began,
            retry_after_seconds=asked,
        ).state
        for reason, before in state.cooldowns.items():
            if before.until_ms > now_ms:
                assert after.cooldowns[reason].until_ms >= before.until_ms
            assert after.cooldowns[reason].count >= before.count
        assert all(
            each.until_ms == 0 or now_ms < each.until_ms <= now_ms + MAX_RETRY_AFTER_MS
            for each in after.cooldowns.values()
        )
        state = after
    assert cleared(state).cooling_until_ms(now_ms, stale=True) == 0
    assert cleared(state).failures == 0


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"config_missing"}))
def test_a_success_ends_what_it_disproves(kind, use):
    """Invariant I5 of auth profiles: a refresh that worked ended the wait for a rate limit."""
    ends = {
        "call": {"auth_invalid", "quota", "rate_limit", "refresh_due", "transient"},
        "refresh": {"auth_invalid", "refresh_due", "refresh_failed"},
    }[use]
    after = succeeded(fail(FRESH, kind), use, now_ms=NOW + 1)
    assert (after.cooldowns == {}) == (kind in ends)
    assert after.last_success_ms == NOW + 1


def test_a_call_that_began_before_the_failure_disproves_nothing():
    """Invariant I5 of auth profiles: a slow call that ended well wiped a cooldown that came up meanwhile."""
    state = fail(FRESH, "rate_limit", NOW)
    assert succeeded(state, "call", now_ms=NOW + 5, began_ms=NOW - 5).cooldowns == state.cooldowns
    assert succeeded(state, "call", now_ms=NOW + 5, began_ms=NOW + 1).cooldowns == {}


def test_calls_that_were_under_way_together_are_one_failure():
    """Fifty parallel calls meet one rate limit, and the profile waits for the longest time there is."""
    state = fail(FRESH, "rate_limit", NOW, began_ms=NOW - 10)
    for late in range(50):
        state = fail(state, "rate_limit", NOW + late, began_ms=NOW - 10)
    assert state.failures == 1
    assert state.cooling_until_ms(NOW, stale=False) == NOW + 49 + 60_000


def test_a_key_that_is_refused_twice_is_refused_for_good():
    """Hazard H6 of auth profiles: a refused key came back every five minutes for ever."""

    def refused(state, now_ms, **more):
        return failed(state, "auth_invalid", OPENAI, now_ms=now_ms, random=random.random, **more)

    first = refused(FRESH, NOW, static=True)
    assert not first.terminal
    assert refused(first.state, NOW + 300_000, static=True).terminal
    assert not refused(first.state, NOW + 300_000).terminal  # a token is refreshed
    assert not refused(first.state, NOW + 5, began_ms=NOW - 5, static=True).terminal  # it was under way then
    worked = succeeded(first.state, "call", now_ms=NOW + 1)
    assert not refused(worked, NOW + 300_000, static=True).terminal


def test_clearing_leaves_nothing_behind():
    """Hazard H12 of auth profiles: clearing left the gate of refreshes, so the cooldown came back."""
    state = FRESH
    for kind in KINDS:
        state = fail(state, kind)
    state = cleared(state)
    each = profile("a", oauth=True)
    family = Family(id="a", stored=True, expires_at_ms=NOW - 1, refreshable=True)
    assert standing(each, family, state, NOW).eligibility(NOW) == "eligible"
    assert standing(each, family, settled(state, NOW), NOW).failures == 0


def test_explanation_and_gate_have_one_deadline():
    """Hazards H5 and H12 of auth profiles: the gate of refreshes and the cooldown ended at different times. Neither
    counts while the token can be used."""
    each = profile("a", oauth=True)
    family = Family(id="a", stored=True, expires_at_ms=NOW - 1, refreshable=True, gate_ms=NOW + 90_000)
    state = fail(FRESH, "refresh_failed")
    stands = standing(each, family, state, NOW)
    assert (stands.cooling_until_ms, stands.reasons) == (NOW + 90_000, ("refresh_failed",))
    valid = Family(id="a", stored=True, expires_at_ms=NOW + 10**7, refreshable=True, gate_ms=NOW + 90_000)
    assert standing(each, valid, state, NOW).eligibility(NOW) == "eligible"
    assert not standing(each, valid, state, NOW + 10**6).half_open


def test_bad_requests_open_nothing_and_a_provider_that_is_down_is_tried_by_one():
    """Hazard H31 of auth profiles: three bad prompts kept everybody out for half a minute, and then all came at once.
    An adapter gives no kind to a 400, so nothing is reported; three 503 cost half a minute."""
    state = FRESH
    for number in range(3):
        state = fail(state, "transient", NOW + number)
    until = state.cooling_until_ms(NOW, stale=False)
    assert until - NOW == 30_002
    assert probing(state, until - 1, stale=False) is None
    tries = 0
    for _ in range(50):
        claimed = probing(state, until, stale=False)
        tries += claimed is not None
        state = claimed or state
    assert tries == 1
    assert state.cooling_until_ms(until, stale=False) == until + PROBE_MS
    assert probing(state, until + PROBE_MS, stale=False) is not None  # who tried is dead
    assert succeeded(state, "call", now_ms=until + 1).cooling_until_ms(until + 1, stale=False) == 0


def test_what_is_kept_elsewhere_is_there_until_it_is_looked_for():
    plain = profile("a")
    source = FromSource(ref=SecretRef.parse("env://OPENAI_API_KEY"))
    elsewhere = Profile(id="a", provider=OPENAI, name="a", scope=plain.scope, credential=source)
    assert standing(elsewhere, None, FRESH, NOW).eligibility(NOW) == "eligible"
    assert standing(plain, None, FRESH, NOW).eligibility(NOW) == "missing_credential"


DAY = 86_400_000


class Days(RuleBasedStateMachine):
    """Invariants I5 and I6 of auth profiles: whatever happens over simulated days, the state is one that was asked for,
    beside the simplest account of it."""

    @initialize()
    def begin(self):
        self.state, self.now_ms = FRESH, NOW
        self.deadlines: dict[str, int] = {}
        self.refused = 0
        self.dead = False
        self.claimed_until = 0

    @precondition(lambda self: not self.dead)
    @rule(kind=st.sampled_from(KINDS), asked=st.none() | st.integers(-1, 10**7))
    def fails(self, kind, asked):
        result = failed(
            self.state,
            kind,
            OTHER,
            now_ms=self.now_ms,
            random=lambda: 0.5,
            retry_after_seconds=asked,
            static=True,
        )
        self.state = result.state
        self.refused += kind == "auth_invalid"
        assert result.terminal == (kind == "auth_invalid" and self.refused >= 2)
        self.dead = result.terminal
        self.claimed_until = 0
        if kind != "config_missing":
            until = self.state.cooldowns[kind].until_ms
            assert until > self.now_ms
            assert until >= self.deadlines.get(kind, 0)
            self.deadlines[kind] = until

    @precondition(lambda self: not self.dead)
    @rule(use=st.sampled_from(USES))
    def succeeds(self, use):
        self.state = succeeded(self.state, use, now_ms=self.now_ms)
        ended = {
            "call": set(KINDS) - {"refresh_failed"},
            "refresh": {"auth_invalid", "refresh_due", "refresh_failed"},
        }
        if self.deadlines.keys() & ended[use]:
            self.claimed_until = 0
        self.deadlines = {kind: end for kind, end in self.deadlines.items() if kind not in ended[use]}
        self.refused = 0

    @rule()
    def is_cleared(self):
        self.state = cleared(self.state)
        self.deadlines, self.refused, self.dead, self.claimed_until = {}, 0, False, 0

    @rule(passed=st.integers(1, DAY))
    def time_passes(self, passed):
        self.now_ms += passed
        self.state = settled(self.state, self.now_ms)

    @rule()
    def somebody_tries(self):
        claimed = probing(self.state, self.now_ms, stale=True)
        cooling = max(self.claimed_until, *self.deadlines.values(), 0) > self.now_ms
        assert (claimed is not None) == (bool(self.deadlines) and not cooling)
        if claimed is not None:
            self.state, self.claimed_until = claimed, self.now_ms + PROBE_MS

    @invariant()
    def agrees(self):
        ahead = [end for end in (self.claimed_until, *self.deadlines.values()) if end > self.now_ms]
        expected = max(ahead, default=0) if self.deadlines else 0
        assert self.state.cooling_until_ms(self.now_ms, stale=True) == expected
        assert self.state.cooldowns.keys() == self.deadlines.keys()
        assert all(
            each.until_ms == 0 or each.until_ms > self.now_ms for each in self.state.cooldowns.values()
        )


TestDays = Days.TestCase
TestDays.settings = settings(max_examples=50, stateful_step_count=40, deadline=None)

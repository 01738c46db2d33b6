"""How often somebody may ask: a bucket for each principal and verb, looked at before anything is decided."""

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from palyra_kernel.errors import InvalidInputError, UnavailableError
from palyra_kernel.session.limits import Limit, Limits
from palyra_kernel.values.principals import Principal
from tests.session.house import MARKED, ME, PLANNER, READER, Commits, House, answer

AGENT, USER = Principal.parse(PLANNER), Principal.parse(ME)
DEFAULT = Limit(burst=5, per_minute=60.0)


class Clock:
    def __init__(self):
        self.now = 1_000.0

    def __call__(self):
        return self.now


def taken(limits, who=AGENT, verb="secret.read", tries=20):
    return [answer(lambda: limits.take(who, verb)) for _ in range(tries)].count("ok")


def test_a_burst_and_then_as_many_as_come_back():
    """Hazard P30: a program that asked in a loop was answered in a loop."""
    clock = Clock()
    limits = Limits({}, DEFAULT, clock)
    assert taken(limits) == 5
    clock.now += 2.0
    assert taken(limits) == 2
    clock.now += 3_600
    assert taken(limits) == 5  # never more than the burst


def test_the_hint_says_when():
    """Hazard P14: a refusal that does not say what to do is tried again at once."""
    limits = Limits({}, DEFAULT, Clock())
    taken(limits)
    with pytest.raises(UnavailableError) as caught:
        limits.take(AGENT, "secret.read")
    assert caught.value.code == "rate_limited"
    assert caught.value.hint == "try again in 1.0 seconds"


def test_buckets_are_apart_and_users_have_none_unless_one_is_named():
    """Hazard P30: one busy program kept all others from asking."""
    limits = Limits({"secret.destroy": Limit(1, 1.0)}, DEFAULT, Clock())
    assert taken(limits) == 5
    assert taken(limits, Principal.parse(READER)) == 5
    assert taken(limits, verb="secret.list") == 5
    assert taken(limits, USER) == 20
    assert taken(limits, USER, "secret.destroy") == 1


def test_a_clock_that_stands_or_goes_back_gives_nothing():
    """Hazard P29: a clock that was set back refilled what was used up."""
    clock = Clock()
    limits = Limits({}, DEFAULT, clock)
    assert taken(limits) == 5
    clock.now -= 500
    assert taken(limits) == 0


def test_made_up_verbs_take_no_more_memory_than_there_is():
    """Hazard P22: a table that grows with what strangers send."""
    limits = Limits({}, DEFAULT, Clock())
    for number in range(10_000):
        limits.take(AGENT, f"verb.{number}")
    assert len(limits._buckets) == 4096
    assert taken(limits, verb="verb.9999") == 4


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(st.tuples(st.floats(0, 30), st.integers(1, 4)), max_size=60),
    burst=st.integers(1, 10),
    per_minute=st.floats(0.5, 600),
)
def test_never_more_than_the_burst_and_what_came_back(steps, burst, per_minute):
    """Hazard P30: rounding, or many small steps, let more through than was set."""
    clock = Clock()
    limits, passed, start = Limits({}, Limit(burst, per_minute), clock), 0, clock.now
    for pause, count in steps:
        clock.now += pause
        if answer(lambda count=count: limits.take(AGENT, "v", count)) == "ok":
            passed += min(count, burst)
        assert passed <= burst + (clock.now - start) * per_minute / 60 + 1e-6


def test_threads_share_one_bucket():
    """Hazard P27: two threads read the same count, and both took the last token."""
    limits, passed = Limits({}, Limit(100, 0.01), Clock()), []

    def work():
        passed.append(taken(limits, tries=50))

    threads = [threading.Thread(target=work) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(passed) == 100


@pytest.fixture
def limited(places):
    """Programs may do each thing three times, and everybody destroy once."""
    places.create().close()
    (places.config_dir / "palyra.toml").write_text(
        "[limits.default]\nburst = 3\nper_minute = 0.01\n[limits.'secret.destroy']\nburst = 1\nper_minute = 0.01\n"
    )
    house = House(places)
    yield house
    house.close()


def test_through_a_session(limited):
    """Hazards P30, S15: limits were read from the configuration, and nobody asked them; reveals had none."""
    with limited.session(READER) as session:
        got = [answer(lambda: session.secrets.get("plain")) for _ in range(6)]
        assert got == ["ok"] * 3 + ["rate_limited"] * 3
        assert answer(lambda: session.secrets.stat("plain")) == "ok"
        with session.resolver.resolve("vault://plain") as outcome:
            assert (outcome.status, outcome.value) == ("failed", None)
    with limited.session(READER) as another, pytest.raises(UnavailableError):
        another.decide("secret.read", "secret:global/plain")  # it is the principal's, not the session's
    with limited.session(ME) as session:
        assert answer(lambda: session.secrets.destroy("plain", [])) == "ok"
        assert answer(lambda: session.secrets.destroy("plain", [])) == "rate_limited"
    told = [
        (event.outcome, event.code, event.count) for event in limited.events() if event.code == "rate_limited"
    ]
    assert all(outcome == "denied" for outcome, _, _ in told)
    assert sum(count for _, _, count in told) == 6


def test_a_flood_of_refusals_costs_no_commit_each(limited):
    """Hazard P22: whoever is refused fills the disk with refusals."""
    with limited.session(PLANNER) as session, Commits(limited.kernel) as commits:
        got = [answer(lambda: session.secrets.put("plain", b"1")) for _ in range(300)]
        assert got == ["policy.baseline_deny"] * 3 + ["rate_limited"] * 297
        assert commits.count < 60  # three, and what the thread writes in groups
    assert sum(event.count for event in limited.events()) == 300


def test_a_flood_of_questions_asks_no_human_twice(limited):
    """Hazard P30: a program that retried made a request each time."""
    with limited.session(PLANNER) as session:
        got = [answer(lambda: session.secrets.get(MARKED)) for _ in range(50)]
    assert got == ["secret.read.approval_required"] * 3 + ["rate_limited"] * 47
    with limited.session(ME) as session:
        assert len(session.approvals.list()) == 1


def test_what_is_over_the_limit_is_not_even_decided(limited, monkeypatch):
    """Hazard P22: a refusal cost as much as an answer: all policies and all checks were asked before."""
    from palyra_kernel.session.judge import Judge

    asked = []
    rule = Judge.rule

    def counted(*given):
        asked.append(given)
        return rule(*given)

    monkeypatch.setattr(Judge, "rule", counted)
    with limited.session(PLANNER) as session:
        for _ in range(10):
            answer(lambda: session.secrets.get("plain"))
    assert len(asked) == 3


@pytest.mark.parametrize("name", ["secret.raed", "secret", "defaults", "x" * 500])
def test_a_limit_of_no_action_is_refused(places, name):
    """Hazard U10: a misspelt limit was another one, or none. A group of actions is never asked for either."""
    places.create().close()
    (places.config_dir / "palyra.toml").write_text(f"[limits.'{name}']\nburst = 1\n")
    with places.open() as kernel:
        with pytest.raises(InvalidInputError) as caught:
            kernel.session(ME)
        assert caught.value.code == "invalid_config"
        assert len(caught.value.message) < 200

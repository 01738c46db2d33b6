"""Whose turn it is among equals, and how little is asked to find out."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from palyra_kernel.auth.pool import FEW, SOME
from palyra_kernel.auth.selector import Selector
from palyra_kernel.auth.standing import Standing
from palyra_kernel.errors import UnavailableError
from tests.auth.choosing import COOLING, NOW, READY, STALE, Caller, Profiles, profile

HALF_OPEN = Standing(half_open=True, failures=3)


def test_parallel_choices_share_alike():
    """Hazard H23 of auth profiles: whose turn it was changed only after the call, so parallel ones took the same."""
    caller = Caller(*map(profile, "abcd"))
    with ThreadPoolExecutor(20) as threads:
        picks = list(threads.map(lambda _: caller.pick(), range(100)))
    assert Counter(picks) == dict.fromkeys("abcd", 25)


def test_what_one_caller_may_not_use_is_no_loss_to_the_others():
    """While one caller asks policy about a profile, another one finds nothing to use."""
    caller = Caller(*map(profile, "abcdef"))

    def only(mine):
        look = msgspec.structs.replace(caller.look, allowed=lambda each: each.id == mine)
        selector = Selector.parse("openai")
        picks = [caller.selection.pick(selector, look) for _ in range(200)]
        return [picked and picked.profile.id for picked in picks]

    with ThreadPoolExecutor(6) as threads:
        assert list(threads.map(only, "abcdef")) == [[mine] * 200 for mine in "abcdef"]


def test_agents_take_turns_with_each_other():
    caller = Caller(*map(profile, "abcd"))
    picks = [caller.pick(agent=f"agent{number}") for number in range(8)]
    assert Counter(picks) == dict.fromkeys("abcd", 2)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 20), min_size=1, max_size=6))
def test_shares_are_as_the_weights(weights):
    caller = Caller(*(profile(f"p{number}", weight=weight) for number, weight in enumerate(weights)))
    shares = Counter(caller.picks(10 * sum(weights)))
    for number, weight in enumerate(weights):
        assert abs(shares[f"p{number}"] - 10 * weight) <= len(weights)


def test_who_was_used_longest_ago_is_first():
    standings = {each: Standing(last_used_ms=NOW - ago) for each, ago in zip("abc", (1, 30, 20), strict=True)}
    caller = Caller(*map(profile, "abcd"), **standings)
    assert caller.picks(5) == ["d", "b", "c", "a", "d"]


def test_turns_go_on_when_profiles_come_and_go():
    caller = Caller(*map(profile, "abc"))
    assert caller.picks(2) == ["a", "b"]
    caller.known = Profiles(*map(profile, "abcd"))
    assert set(caller.picks(2)) == {"c", "d"}
    caller.known = Profiles(*map(profile, "bcd"))
    assert caller.pick() == "b"
    caller.known = Profiles(*map(profile, "abcd"))  # nobody chose before the next change
    caller.explain("slack")
    caller.known = Profiles(*map(profile, "bcd"))
    assert set(caller.picks(2)) == {"c", "d"}


def test_who_comes_back_has_nothing_to_make_up_for():
    """A profile that was cooling for an hour got all calls of the next minutes."""
    caller = Caller(*map(profile, "abc"), a=COOLING)
    caller.picks(100)
    del caller.standings["a"]
    assert Counter(caller.picks(9)) == dict.fromkeys("abc", 3)


def test_a_default_misses_a_turn_however_often_it_is_used():
    caller = Caller(*map(profile, "ab"))
    assert caller.pick() == "a"
    for _ in range(50):
        caller.pick(order=("a",))
    assert caller.picks(3) == ["b", "a", "b"]


def test_policy_is_asked_for_the_best_alone():
    """Hazard H46 of auth profiles: each choice asked about every profile."""
    caller = Caller(*(profile(f"p{number:05}") for number in range(10_000)))
    caller.denied = {f"p{number:05}" for number in range(3)}
    caller.pick()
    assert caller.asked == ["p00000", "p00001", "p00002", "p00003"]
    caller.denied = set()
    assert caller.picks(3) == ["p00000", "p00001", "p00002"]  # what was denied to one has lost no turn
    caller.denied = {f"p{number:05}" for number in range(4, 8)}
    caller.looks = 0
    assert caller.pick() == "p00008"
    assert caller.looks <= 10


@pytest.mark.parametrize("usable", [10_000, 1_000, 1])
def test_a_choice_among_many_looks_at_few(usable):
    """Hazard H46 of auth profiles: a choice among many looked at all of them."""
    everybody = [profile(f"p{number:05}") for number in range(10_000)]
    caller = Caller(*everybody, **{each.id: COOLING for each in everybody[usable:]})
    caller.picks(usable + 1 if usable < 10_000 else 1)  # by then all that cannot be used were found out
    caller.looks = 0
    caller.picks(100)
    assert caller.looks <= 100 * (SOME + 2)


def test_a_change_of_the_registry_does_not_forget_who_cannot_be_used():
    """Hazard H46 of auth profiles: each change made the next choice look at everybody."""
    everybody = [profile(f"p{number:05}") for number in range(1000)]
    caller = Caller(*everybody, **{each.id: COOLING for each in everybody[:-1]})
    caller.picks(2)
    caller.known = Profiles(*everybody)
    caller.looks = 0
    assert caller.pick() == "p00999"
    assert caller.looks <= SOME + 2


def test_nothing_grows_with_the_number_of_choices():
    """Hazard H39 of auth profiles: what was kept for each call was never let go of."""
    caller = Caller(*map(profile, "ab"))
    caller.picks(1)
    for number in range(5000):
        caller.pick(order=("a",))
        caller.explain(denied=frozenset((f"x{number}",)))
    board = caller.selection._board
    assert board is not None
    assert len(board._plans) <= 4096
    (pools,) = board._pools.values()
    assert all(len(pool._heap) <= 2 * 2 + FEW for pool in pools.values())


def test_the_last_one_that_can_be_used_is_found():
    """Nobody is left, says who has not looked for a while."""
    everybody = [profile(f"p{number:03}") for number in range(200)]
    caller = Caller(*everybody, **{each.id: COOLING for each in everybody})
    assert caller.pick() is None
    caller.standings["p050"] = READY
    assert caller.pick() == "p050"


def test_one_caller_tries_what_is_half_open():
    """Hazard H31 of auth profiles: after a pause all callers tried at once."""
    caller = Caller(*map(profile, "ab"), a=HALF_OPEN)
    picked = caller.picked(order=("a", "b"))
    assert (picked.profile.id, picked.probe) == ("a", True)
    caller.claimable = False  # somebody else is trying
    assert caller.picked(order=("a", "b")).profile.id == "b"
    assert caller.picks(2) == ["b", "b"]
    assert caller.picked("a") is None


def test_what_policy_denies_is_not_claimed():
    caller = Caller(profile("a"), a=HALF_OPEN)
    caller.denied = {"a"}
    assert caller.pick() is None
    assert caller.claims == []


def test_a_failure_of_policy_costs_nobody_a_turn():
    caller = Caller(*map(profile, "ab"))

    def broken(_):
        raise UnavailableError("policy_unavailable", "it does not answer")

    look = msgspec.structs.replace(caller.look, allowed=broken)
    with pytest.raises(UnavailableError):
        caller.selection.pick(Selector.parse("openai"), look)
    assert caller.picks(2) == ["a", "b"]


_STANDINGS = st.sampled_from([READY, STALE, COOLING, HALF_OPEN, Standing(terminal="revoked")])
_IDS = [f"p{number}" for number in range(FEW)]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([*_IDS, ""]), _STANDINGS, st.sampled_from([None, *_IDS])), max_size=60)
)
def test_a_choice_is_always_one_that_can_be_used_and_what_the_explanation_said(events):
    """Hazard H2 of auth profiles: what was explained and what was used came from two places. Whatever happens between
    choices, one is made wherever one can be, of the best, and it is the one that was announced."""
    caller = Caller(*map(profile, _IDS))
    for changed, standing, denied in events:
        caller.standings[changed] = standing
        caller.denied = {denied} if denied else set()
        told = caller.explain()
        assert caller.explain() == told
        picked = caller.pick()
        assert picked == told.selected_profile_id
        usable = [each for each in told.candidates if each.reason_code == "eligible"]
        assert (picked is not None) == bool(usable)
        if picked is not None:
            fresh = [each.profile_id for each in usable if each.token_expiry_state != "expired"]
            assert picked in (fresh or [each.profile_id for each in usable])
        assert [each.selected for each in told.candidates].count(True) == (picked is not None)


def test_explaining_changes_nothing():
    """Hazard H45 of auth profiles: explaining rewrote the state."""
    caller = Caller(*map(profile, "abc"), a=HALF_OPEN)
    for _ in range(10):
        assert caller.explain(session="s1").selected_profile_id == "a"
    assert caller.claims == []
    assert caller.picks(3, session="s2") == ["a", "a", "a"]
    assert caller.layers(session="s1")["session"] == "absent"


def test_each_reason_and_state_can_be_reached():
    """Hazard H6 of auth profiles: `revoked` and `unsupported` could not come up."""
    standings = {
        "a": READY,
        "b": COOLING,
        "c": Standing(token="expired"),
        "d": Standing(token="missing"),
        "e": Standing(terminal="revoked"),
        "f": Standing(terminal="reauth_required"),
        "g": Standing(terminal="disabled"),
        "h": Standing(supported=False),
        "i": Standing(token="expiring"),
        "j": STALE,
    }
    extra = (profile("x", provider="anthropic"), profile("y", oauth=True))
    caller = Caller(*map(profile, standings), *extra, **standings)
    told = caller.explain(types=frozenset(("api_key",)), denied=frozenset("i"))
    assert {each.profile_id: (each.eligibility, each.reason_code) for each in told.candidates} == {
        "a": ("eligible", "eligible"),
        "b": ("cooling_down", "cooldown_active"),
        "c": ("expired", "token_expired"),
        "d": ("missing_credential", "credential_missing"),
        "e": ("revoked", "credential_revoked"),
        "f": ("revoked", "credential_revoked"),
        "g": ("disabled", "profile_disabled"),
        "h": ("unsupported", "unsupported"),
        "i": ("policy_denied", "policy_denied"),
        "j": ("eligible", "eligible"),
        "x": ("eligible", "provider_mismatch"),
        "y": ("eligible", "credential_mode_restricted"),
    }
    assert told.candidates[1].cooldown_until_unix_ms == COOLING.cooling_until_ms
    assert told.candidates[1].cooldown_reasons == ("rate_limit",)
    assert caller.explain("slack").reason_code == "no_candidates"
    assert caller.explain(denied=frozenset("aijy")).reason_code == "no_eligible_candidates"

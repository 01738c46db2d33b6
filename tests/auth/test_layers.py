"""Call, session, agent, workspace, global: who is asked first, and who is not asked at all."""

import pytest

from palyra_kernel.auth.selector import Selector
from palyra_kernel.errors import InvalidInputError
from tests.auth.choosing import COOLING, EXPIRED, OPENAI, READY, STALE, Caller, choices, profile

MINE, TEAM, ALL = profile("mine", "agent:planner"), profile("team", "workspace:w1"), profile("all")
OTHERS = profile("theirs", "agent:coder"), profile("elsewhere", "workspace:w2")


def test_nobody_without_an_agent_sees_the_profiles_of_agents():
    """Hazard H14 of auth profiles, invariant I12: without an agent every agent's private profiles were candidates."""
    caller = Caller(MINE, TEAM, ALL, *OTHERS)
    assert set(caller.picks(4)) == {"all"}
    assert caller.reasons() == {"all": "eligible"}
    assert caller.reasons(agent="planner") == {"all": "eligible", "mine": "eligible"}
    assert caller.reasons(workspace="w1") == {"all": "eligible", "team": "eligible"}


@pytest.mark.parametrize("id", ["mine", "team", "theirs"])
def test_a_profile_of_others_is_not_to_be_had_by_its_name(id):
    """Invariant I12 of auth profiles: a name opens what the scope does not show, and an explanation lists it."""
    caller = Caller(MINE, TEAM, ALL, *OTHERS)
    assert caller.pick(id) is None
    assert caller.pick(order=(id, "all")) == "all"
    assert caller.explain(id).candidates == ()
    assert caller.explain(id).reason_code == "no_candidates"


def test_the_nearest_layer_comes_first():
    caller = Caller(MINE, TEAM, ALL)
    assert caller.picks(3, agent="planner", workspace="w1") == ["mine"] * 3
    assert caller.pick(workspace="w1") == "team"
    assert caller.layers(agent="planner", workspace="w1") == {
        "call": "absent",
        "session": "absent",
        "agent": "chosen",
        "workspace": "outranked",
        "global": "outranked",
    }


def test_a_profile_of_an_agent_that_cannot_be_used_hides_no_other():
    """Hazard H15 of auth profiles: an expired profile of the agent hid the healthy global one of its name."""
    caller = Caller(MINE, ALL, mine=EXPIRED)
    picked = caller.picked(agent="planner")
    assert (picked.profile.id, picked.layer) == ("all", "global")
    assert caller.reasons(agent="planner") == {"mine": "token_expired", "all": "eligible"}
    assert caller.layers(agent="planner")["agent"] == "not_eligible"


def test_profiles_of_one_name_are_as_many_as_there_are():
    """Hazard H15 of auth profiles: two profiles of one provider and name became one."""
    twins = [profile(f"p{number}") for number in range(3)]
    for each in twins:
        assert each.provider == OPENAI
    caller = Caller(*twins)
    assert len(caller.explain().candidates) == 3
    assert sorted(caller.picks(3)) == ["p0", "p1", "p2"]


def test_the_default_comes_before_its_layer():
    """Hazard H9 of auth profiles: one default for the whole daemon."""
    caller = Caller(
        *map(profile, "abc"),
        profile("x", provider="anthropic"),
        chosen=choices(defaults={"global": "b", "agent:planner": "c"}),
    )
    assert caller.picks(2) == ["b", "b"]
    assert caller.picks(2, agent="planner") == ["c", "c"]
    assert caller.picked(agent="planner").layer == "agent"
    assert caller.pick("anthropic") == "x"
    caller.standings["b"] = COOLING
    assert sorted(caller.picks(2)) == ["a", "c"]
    del caller.standings["b"]
    assert caller.pick() == "b"  # the preferred one is back at once


def test_a_default_that_is_gone_or_not_to_be_seen_chooses_nothing():
    """Hazard H18 of auth profiles: a default that was deleted stayed in force."""
    chosen = choices(defaults={"global": "gone", "agent:planner": "theirs"})
    caller = Caller(ALL, *OTHERS, chosen=chosen)
    assert caller.pick(agent="planner") == "all"


def test_an_order_allows_nothing_else():
    caller = Caller(*map(profile, "abc"), chosen=choices({"global": "ba"}))
    assert caller.picks(3) == ["b"] * 3
    caller.standings["b"] = COOLING
    assert caller.pick() == "a"
    caller.standings["a"] = COOLING
    assert caller.pick() is None
    assert caller.reasons() == {"a": "cooldown_active", "b": "cooldown_active", "c": "not_in_explicit_order"}


def test_without_an_order_of_its_own_an_agent_has_the_outer_one():
    """Hazard H16 of auth profiles: the order of all did not count for agents."""
    members = (MINE, *map(profile, "abc"))
    caller = Caller(*members, chosen=choices({"global": "cb", "agent:coder": "ab"}))
    assert caller.pick(agent="planner") == "c"
    assert caller.pick(agent="coder") == "a"
    assert caller.reasons(agent="planner")["mine"] == "not_in_explicit_order"


def test_members_that_are_gone_shorten_an_order_until_there_is_none():
    """Hazard H16 of auth profiles: deleted profiles stayed in orders and blocked everything."""
    stored = choices({"global": "ab", "agent:planner": "a"}, {"global": "a"})
    caller = Caller(*map(profile, "abc"), chosen=stored)
    assert caller.pick() == "a"
    caller.choices = stored.without("a")
    assert caller.choices == choices({"global": "b"})
    assert caller.picks(2, agent="planner") == ["b", "b"]
    caller.choices = caller.choices.without("b")
    assert caller.choices == choices()
    assert set(caller.picks(3)) == set("abc")


def test_an_order_whose_profiles_were_lost_otherwise_counts_no_more():
    """Hazard H16 of auth profiles: the same, where nobody cleaned up."""
    caller = Caller(profile("c"), chosen=choices({"global": ["gone", "lost"]}))
    assert caller.pick() == "c"


def test_a_default_comes_first_within_the_order_that_counts():
    caller = Caller(*map(profile, "abc"), chosen=choices({"global": "ab"}, {"global": "b"}))
    assert caller.pick() == "b"
    caller.choices = choices({"agent:planner": "ab"}, {"global": "b"})
    assert caller.pick(agent="planner") == "a"  # who is nearer said otherwise
    caller.choices = choices({"global": "ab"}, {"global": "c"})
    assert caller.pick() == "a"


def test_what_the_call_says_comes_before_everything():
    stored = choices({"global": "ab"}, {"global": "a"})
    caller = Caller(*map(profile, "abc"), chosen=stored)
    caller.pick(session="s1")
    assert caller.pick(order=("c", "a"), session="s1") == "c"
    assert caller.pick("c", session="s1") == "c"
    assert caller.pick(session="s1") == "a"
    assert caller.layers("c")["call"] == "chosen"
    caller.standings["c"] = COOLING
    assert caller.pick("c") is None
    assert caller.layers("c")["call"] == "not_eligible"


def test_a_session_keeps_its_profile_while_it_can_be_used():
    caller = Caller(*map(profile, "abcd"))
    first = caller.pick(session="s1")
    assert {caller.pick(session="s2"), caller.pick(session="s3"), first} == set("abc")
    assert caller.picks(3, session="s1") == [first] * 3
    assert caller.layers(session="s1")["session"] == "chosen"
    caller.standings[first] = COOLING
    second = caller.pick(session="s1")
    assert second != first
    del caller.standings[first]
    assert caller.picks(2, session="s1") == [second] * 2
    assert second == "d"
    assert caller.pick(order=("b",), session="s1") == "b"  # what a call says is of that call
    assert caller.pick(session="s1") == second
    caller.selection.unpin("s1")
    assert caller.layers(session="s1")["session"] == "absent"


def test_a_session_uses_nothing_that_it_must_not_use_any_more():
    caller = Caller(*map(profile, "ab"), MINE)
    caller.selection.pin(Selector.parse("openai", session="s1"), "mine")
    assert caller.pick(session="s1") != "mine"  # no agent, so not visible
    caller.selection.pin(Selector.parse("openai", session="s2"), "b")
    caller.denied = {"b"}
    assert caller.pick(session="s2") == "a"
    caller.selection.pin(Selector.parse("openai", session="s3"), "a")
    caller.choices = choices({"global": "b"})
    caller.denied = set()
    assert caller.pick(session="s3") == "b"
    caller.selection.forget("b")
    assert caller.layers(session="s3")["session"] == "absent"


def test_sessions_are_remembered_up_to_a_number():
    caller = Caller(*(profile(f"p{number}") for number in range(3)))
    for number in range(5000):
        caller.selection.pin(Selector.parse("openai", session=f"s{number}"), "p0")
    assert len(caller.selection._pins) == 4096
    assert caller.layers(session="s4999")["session"] == "chosen"
    assert caller.layers(session="s0")["session"] == "absent"


def test_types_and_denied_profiles():
    caller = Caller(profile("key"), profile("login", oauth=True), profile("key2"))
    assert caller.pick(types=frozenset(("oauth",))) == "login"
    assert caller.pick(types=frozenset(("api_key",)), denied=frozenset(("key",))) == "key2"
    reasons = caller.reasons(types=frozenset(("api_key",)), denied=frozenset(("key",)))
    assert reasons == {"key": "policy_denied", "key2": "eligible", "login": "credential_mode_restricted"}


def test_a_token_that_must_be_refreshed_is_behind_its_equals_and_before_outer_layers():
    """Hazard H23 of auth profiles: an expired token that could be refreshed was not eligible."""
    caller = Caller(profile("a", oauth=True), profile("b", oauth=True), a=STALE)
    assert caller.picks(3) == ["b"] * 3
    caller.standings["b"] = COOLING
    picked = caller.picked()
    assert picked.profile.id == "a"
    assert picked.standing.stale
    caller.standings = {}
    assert set(caller.picks(2)) == {"a", "b"}
    near = Caller(MINE, ALL, mine=STALE)
    assert near.pick(agent="planner") == "mine"


@pytest.mark.parametrize(
    "text", ["custom", "custom:", "custom:openai", "custom:OpenAI", "nobody:x", "", "a b", "x" * 129]
)
def test_selectors_that_mean_nothing(text):
    """Hazard H60 of auth profiles: a custom provider could be called like a real one."""
    with pytest.raises(InvalidInputError):
        Selector.parse(text)


@pytest.mark.parametrize(
    ("field", "value"),
    [("agent", "a b"), ("types", frozenset()), ("types", frozenset(("x",))), ("session", "s" * 129)],
)
def test_what_cannot_be_asked_for(field, value):
    with pytest.raises(InvalidInputError):
        Selector.parse("openai", **{field: value})


def test_selectors():
    assert Selector.parse(" OpenAI ").provider == OPENAI
    assert str(Selector.parse("custom:Acme")) == "custom:acme"
    assert Selector.parse("My-Key").profile == "my-key"
    assert Selector.parse(Selector.parse("openai"), agent="A ").agent == "a"
    with pytest.raises(InvalidInputError):
        Selector(provider=OPENAI, profile="x")
    with pytest.raises(InvalidInputError):
        Selector.parse("x", order=("a",))
    assert READY.eligibility(0) == "eligible"

"""Orders and defaults, and what may become one."""

import pytest

from palyra_kernel.auth.choices import MAX_ORDER, check_choosable, normal_order
from palyra_kernel.auth.names import GLOBAL, ProfileScope, Provider
from palyra_kernel.errors import InvalidInputError, NotFoundError
from tests.auth.choosing import OPENAI, Profiles, choices, profile

PLANNER = ProfileScope("agent", "planner")
KNOWN = Profiles(profile("a"), profile("mine", "agent:planner"), profile("x", provider="anthropic"))


def test_one_choice_leaves_the_others_as_they_are():
    """Hazard H9 of auth profiles: one default for the whole daemon."""
    before = choices({"global": "ab"}, {"global": "a"})
    after = before.with_default(PLANNER, OPENAI, "mine").with_default(GLOBAL, Provider("anthropic"), "x")
    assert after.orders == before.orders
    assert after.defaults == {
        (GLOBAL, OPENAI): "a",
        (PLANNER, OPENAI): "mine",
        (GLOBAL, Provider("anthropic")): "x",
    }
    left = after.with_default(GLOBAL, Provider("anthropic"), "").with_default(PLANNER, OPENAI, "")
    assert left == before


def test_an_order_can_be_taken_back():
    """Hazard H16 of auth profiles: an order, once made, stayed for ever."""
    before = choices({"global": "ab"})
    assert before.with_order(PLANNER, OPENAI, ("mine", "a")).with_order(PLANNER, OPENAI, ()) == before


def test_nothing_names_a_profile_that_is_gone():
    """Hazard H18 of auth profiles: defaults and orders kept the names of deleted profiles."""
    everywhere = choices({"global": "ab", "agent:planner": "a"}, {"global": "b", "agent:planner": "a"})
    left = everywhere.without("a")
    assert not left.names("a")
    assert left == choices({"global": "b"}, {"global": "b"})
    assert left.without("b") == choices()
    assert left.without("c") is left


def test_the_form_of_an_order():
    assert normal_order([" A", "b", "a"]) == ("a", "b")
    assert len(normal_order(f"p{number}" for number in range(MAX_ORDER))) == MAX_ORDER
    with pytest.raises(InvalidInputError, match="at most"):
        normal_order(f"p{number}" for number in range(MAX_ORDER + 1))
    with pytest.raises(InvalidInputError):
        normal_order(["openai"])


@pytest.mark.parametrize(
    ("id", "scope", "code"),
    [
        ("gone", GLOBAL, "profile_missing"),
        ("mine", GLOBAL, "profile_missing"),
        ("mine", ProfileScope("agent", "coder"), "profile_missing"),
        ("x", GLOBAL, "other_provider"),
    ],
)
def test_what_a_scope_cannot_choose(id, scope, code):
    """Hazard H14 of auth profiles: an order of all could name what is private to an agent."""
    check_choosable(["mine", "a"], PLANNER, OPENAI, KNOWN.by_id.get)
    with pytest.raises((InvalidInputError, NotFoundError)) as caught:
        check_choosable([id], scope, OPENAI, KNOWN.by_id.get)
    assert caught.value.code == code

"""What a gate plans for an act that somebody else commits."""

import pytest

from palyra_kernel.errors import DeniedError, NotFoundError
from palyra_kernel.values.decisions import VAULT, Resource
from tests.session.house import MARKED, ME, NOBODY, PLANNER
from tests.session.paired import SmallHouse

SECRET = Resource("secret", MARKED)


@pytest.fixture
def house(places):
    house = SmallHouse(places)
    yield house
    house.close()


def code(act, *given, **more):
    with pytest.raises(DeniedError) as caught:
        act(*given, **more)
    return caught.value.code


def test_a_human_is_asked_only_where_the_policies_want_one(house):
    """Hazard H16: what needed nobody passed for approved."""
    with house.session(ME) as session:
        assert code(session.gate.plan_request, "vault.gc", VAULT, arguments=None) == "not_asked"
        assert code(session.gate.plan_granted, "vault.gc", VAULT, arguments=None) == "not_granted"
    with house.session(NOBODY) as session:
        assert code(session.gate.plan_request, "vault.gc", VAULT, arguments=None) == "policy.baseline_deny"
    with house.session(PLANNER) as session:
        assert code(session.gate.plan_granted, "secret.read", SECRET, arguments=None) == "not_granted"


def test_what_was_asked_under_a_name_is_asked_once(house):
    device = Resource("device", "01JGZ7V4S8Q5T0W2N9X3C6B1RK")
    with house.session(ME) as session:
        given = {"arguments": {"words": "a b c d"}, "key": "pairing/x", "most_seconds": 60}
        first = session.gate.plan_request("device.pair", device, **given)
        session.gate.commit(lambda: first.change)
        again = session.gate.plan_request("device.pair", device, **given)
    assert again.result.id == first.result.id
    assert first.result.until_ms - first.result.asked_ms == 60_000
    with pytest.raises(NotFoundError):
        house.decide(first.result.id)  # there is no such pairing, so nobody can have compared its words

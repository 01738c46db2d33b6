"""Every state with every event: what is not in the table is refused, and what is over stays over."""

from __future__ import annotations

import itertools

import pytest

from palyra_kernel.errors import ConflictError
from palyra_kernel.nodes.lease import Lease, step
from palyra_kernel.nodes.limits import ACKNOWLEDGE_MS
from palyra_kernel.nodes.states import EVENTS, HELD, LIVE, STATES, STEPS, TERMINAL
from tests.identity.making import NOW
from tests.nodes.world import LIFE, MINUTE

PAIRS = list(itertools.product(STATES, EVENTS))


def lease(state, **facts):
    given = {
        "id": "01JD8Z6N6V4J1G5E1Q0QK5Z9XW",
        "device": "01JD8Z6N6V4J1G5E1Q0QK5Z9XV",
        "capability": "echo",
        "invoker": "user:1000",
        "key": "k",
        "order": b"",
        "input": b"",
        "grant": "",
        "incarnation": LIFE,
        "created_ms": NOW,
        "deadline_ms": NOW + MINUTE,
        "until_ms": NOW + MINUTE,
        "changed_ms": NOW,
        "state": state,
    }
    return Lease(**(given | facts))


@pytest.mark.parametrize(("state", "event"), PAIRS)
def test_every_state_with_every_event(state, event):
    """Hazards H15 and H30: any state could be overwritten by any other. In time, the table and nothing else; a lease
    expires by the clock alone."""
    expected = STEPS.get((state, event)) if event != "expire" else None
    if expected is None:
        with pytest.raises(ConflictError) as caught:
            step(lease(state), event, NOW, LIFE)
        assert caught.value.code == ("lease_over" if state in TERMINAL else "lease_not_ready")
    else:
        assert step(lease(state), event, NOW, LIFE).state == expected


@pytest.mark.parametrize(("state", "event"), PAIRS)
def test_behind_the_deadline_everything_is_over(state, event):
    """Hazard H30: a late result turned what had timed out into a success. At the deadline, to the millisecond, nothing
    but its expiry can be written down."""
    late = NOW + MINUTE
    if state in LIVE and event == "expire":
        assert step(lease(state), event, late, LIFE).state == "expired"
        return
    with pytest.raises(ConflictError) as caught:
        step(lease(state), event, late, LIFE)
    assert caught.value.code == "lease_over"


@pytest.mark.parametrize("state", sorted(LIVE))
def test_another_life_of_the_vault_ends_it(state):
    """Hazard H30: after a restore, what was done in the life that was given up would be done again."""
    assert lease(state).at(NOW, LIFE) == state
    assert lease(state).at(NOW, "life 2") == "expired"


def test_the_first_word_comes_soon():
    """Hazard H30: a node that was handed a lease and died says nothing until a deadline of a day. It has 30 seconds for
    its first word, and the deadline from then on; never more than the deadline."""
    long = lease("queued", deadline_ms=NOW + 10 * MINUTE, until_ms=NOW + 10 * MINUTE)
    leased = step(long, "hand_over", NOW, LIFE)
    assert leased.until_ms == NOW + ACKNOWLEDGE_MS
    assert leased.at(NOW + ACKNOWLEDGE_MS, LIFE) == "expired"
    assert step(leased, "acknowledge", NOW + ACKNOWLEDGE_MS - 1, LIFE).until_ms == long.deadline_ms
    short = lease("queued", deadline_ms=NOW + 10, until_ms=NOW + 10)
    assert step(short, "hand_over", NOW, LIFE).until_ms == NOW + 10


def test_the_table_is_whole():
    """Each state is reached, each that is not over can be cancelled, and none that is over can be left."""
    reached = {"queued", *STEPS.values()}
    assert reached == set(STATES)
    assert {state for state, _ in STEPS} == LIVE == HELD | {"queued"}
    assert {event for _, event in STEPS} == set(EVENTS)

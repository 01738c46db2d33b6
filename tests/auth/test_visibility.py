"""Nobody uses or sees what is not theirs, whatever was chosen, pinned or named."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from palyra_kernel.auth.selector import Selector
from tests.auth.choosing import COOLING, READY, STALE, Caller, choices, profile

SCOPES = ("global", "agent:a1", "agent:a2", "workspace:w1", "workspace:w2")
MEMBERS = [profile(f"{scope.replace(':', '-')}-{number}", scope) for scope in SCOPES for number in (1, 2)]
_IDS = [each.id for each in MEMBERS]
_SOME = st.lists(st.sampled_from(_IDS), max_size=4, unique=True)
_WHO = st.fixed_dictionaries(
    {"agent": st.sampled_from(["", "a1", "a2", "a3"]), "workspace": st.sampled_from(["", "w1", "w2"])}
)


@settings(max_examples=150, deadline=None)
@given(
    who=_WHO,
    orders=st.dictionaries(st.sampled_from(SCOPES), _SOME, max_size=3),
    defaults=st.dictionaries(st.sampled_from(SCOPES), st.sampled_from(_IDS), max_size=3),
    stands=st.dictionaries(st.sampled_from(_IDS), st.sampled_from([READY, COOLING, STALE]), max_size=8),
    denied=st.sets(st.sampled_from(_IDS), max_size=8),
    named=_SOME,
    pinned=st.sampled_from(_IDS),
    before=st.lists(_WHO, max_size=5),
)
def test_what_is_used_and_shown_is_global_or_ones_own(
    who, orders, defaults, stands, denied, named, pinned, before
):
    """Hazards H14 and H54, invariant I12 of auth profiles: profiles of other agents were candidates, and what policy
    denied was used."""
    caller = Caller(*MEMBERS, chosen=choices(orders, defaults), **stands)
    for other in before:
        caller.pick(session="s1", **other)
    caller.denied = denied
    caller.selection.pin(Selector.parse("openai", session="s1", **who), pinned)
    own = {"global", f"agent:{who['agent']}", f"workspace:{who['workspace']}"}
    for more in ({"session": "s1"}, {"order": tuple(named)}, {}):
        told = caller.explain(**who, **more)
        assert {each.scope for each in told.candidates} <= own
        picked = caller.picked(**who, **more)
        if picked is None:
            assert told.reason_code != "selected"
            continue
        assert str(picked.profile.scope) in own
        assert picked.profile.id not in denied
        assert caller.stand(picked.profile) is not COOLING
        assert told.selected_profile_id == picked.profile.id
        assert [each.reason_code for each in told.layers].count("chosen") == 1

"""What lower layers say through a session can only take away."""

from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from palyra_kernel.policy.bundle import Bundle
from palyra_kernel.values.decisions import Allow
from tests.session.house import (
    CHANNEL,
    DEVICE,
    GATEWAY,
    MARKED,
    ME,
    NOBODY,
    OPERATOR,
    OTHER,
    PLANNER,
    READER,
    STRANGER,
    TOKEN,
    House,
    answer,
)
from tests.support import Places

WHO = [ME, OTHER, OPERATOR, NOBODY, PLANNER, READER, DEVICE, TOKEN, GATEWAY, CHANNEL, STRANGER]
ASKED = [
    ("secret.read", "secret:global/plain"),
    ("secret.read", f"secret:{MARKED}"),
    ("secret.write", "secret:global/plain"),
    ("secret.list", "scope:global"),
    ("secret.read", f"secret:principal:{ME}/own"),
    ("secret.write", f"secret:{CHANNEL}/own"),
    ("source.use", "source:env"),
    ("tool.execute", "tool:shell"),
    ("capability.use", "capability:Network"),
    ("principal.grant", "principal:agent:x"),
    ("approval.decide", "approval:01ARZ3NDEKTSV4RRFFQ69G5FAV"),
    ("policy.apply", "vault:own"),
    ("sessions.use", "workspace:main"),
]
_CONDITIONS = st.sampled_from(
    [
        "true",
        "false",
        "context.approved",
        "!context.approved",
        "context has tool",
        "context.mtls",
        'context.surface == "embedded"',
        'principal.name like "agent:*"',
        'principal.capabilities.contains("SecretsRead")',
        "context.capabilities.isEmpty()",
    ]
)
_APPROVALS = st.sampled_from(["", '@approval("policy.explicit_approval_required")'])


@st.composite
def forbids(draw):
    """A few rules of a lower layer."""
    rules = []
    for number in range(draw(st.integers(1, 3))):
        condition, approval = draw(_CONDITIONS), draw(_APPROVALS)
        action = draw(st.sampled_from(["action", *(f'action == Action::"{each}"' for each, _ in ASKED)]))
        unless = " unless { context.approved }" if approval else ""
        rules.append(
            f'@id("lower-{number}") {approval} forbid (principal, {action}, resource) when {{ {condition} }}{unless};'
        )
    return "\n".join(rules)


class Case(NamedTuple):
    """Somebody who asks something, from somewhere."""

    who: str
    asked: tuple[str, str]
    facts: dict[str, str]


_CASES = st.builds(
    Case,
    st.sampled_from(WHO),
    st.sampled_from(ASKED),
    st.sampled_from([{}, {"tool": "shell"}, {"skill": "mail", "vouched_by": GATEWAY}, {"vouched_by": ME}]),
)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """One house for all examples: what is decided in it changes nothing."""
    house = House(Places(tmp_path_factory.mktemp("lower")))
    yield house
    house.close()


def decided(house, case, **more):
    with house.session(case.who, **case.facts, **more) as session:
        context = {"capabilities": ["Network"]} if case.asked[0] == "tool.execute" else {}
        return session.decide(*case.asked, context=context)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=_CASES, rules=forbids())
def test_a_session_layer_turns_no_refusal_into_an_allowance(world, case, rules):
    """Hazard P18: what a session said overruled what was forbidden above it."""
    without, beside = decided(world, case), decided(world, case, policies=rules)
    assert isinstance(without, Allow) or not isinstance(beside, Allow)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cases=st.lists(_CASES, min_size=4, max_size=8), rules=forbids())
def test_a_workspace_layer_turns_no_refusal_into_an_allowance(world, cases, rules):
    """Hazard P18: the same for a workspace, whose rules are applied with the bundle."""
    inside = [case._replace(facts={**case.facts, "workspace": "main"}) for case in cases]
    without = [decided(world, case) for case in inside]
    with world.session(ME) as session:
        session.policies.apply(Bundle({**Bundle.default().files, "workspaces/main.cedar": rules}))
    try:
        beside = [decided(world, case) for case in inside]
        outside = [decided(world, case) for case in cases]
    finally:
        world.kernel._records.commit(world.kernel.policy.plan_apply(Bundle.default()))
    for one, other in zip(without, beside, strict=True):
        assert isinstance(one, Allow) or not isinstance(other, Allow)
    assert [type(each) for each in outside] == [type(decided(world, case)) for case in cases]


def test_what_a_session_forbids_holds_for_its_methods_and_for_no_other_session(world):
    """Hazard P18: a rule that is read, and applies to one surface only."""
    rules = '@id("no") forbid (principal, action in Action::"secret", resource);'
    with world.session(ME, policies=rules) as session:
        assert answer(lambda: session.secrets.get("plain")) == "policy.deny.rule"
        assert answer(lambda: session.secrets.put("plain", b"1")) == "policy.deny.rule"
        with session.resolver.resolve("vault://plain") as outcome:
            assert outcome.status == "blocked"
    with world.session(ME) as session:
        assert answer(lambda: session.secrets.get("plain")) == "ok"


@pytest.mark.parametrize("who", ["agent:admin:x", "user:admin", "user:system:x", "user:ADMIN"])
def test_no_name_is_more_than_a_name(world, who):
    """Hazard P17: a principal whose name began with ``admin:`` was let through whatever the policies said."""
    with world.session(who) as session:
        assert answer(lambda: session.secrets.get("plain")) == "policy.deny.unknown_principal"

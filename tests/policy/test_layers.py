"""Lower layers only ever take away; and the index never changes an answer."""

import itertools

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from palyra_kernel.policy.bundle import Bundle
from palyra_kernel.policy.engine import PolicyEngine
from palyra_kernel.policy.explain import answer_of
from palyra_kernel.policy.index import RuleIndex
from palyra_kernel.policy.rules import RAILS
from palyra_kernel.values.decisions import RequireApproval
from tests.policy import generated
from tests.policy.asking import AGENT, OWNER, answer, bundle, engine_of, request
from tests.policy.generated import ASKED, MOMENTS, if_valid

BASE = bundle(
    '@id("if-approved") permit (principal, action == Action::"audit.read", resource) when { context.approved };'
)
ENGINE = PolicyEngine(BASE)
RANK = {"deny": 0, "approval": 1, "allow": 2}

UNLESS = st.sampled_from(["", "unless { context.approved } "])


@st.composite
def forbids(draw):
    """Up to four rules of a lower layer."""
    texts = []
    for number in range(draw(st.integers(1, 4))):
        head, unless = draw(generated.HEADS), draw(UNLESS)
        if "@approval" in head:
            unless = "unless { context.approved } "
        scope = f"{draw(generated.PRINCIPALS)}, {draw(generated.ACTIONS)}, resource"
        conditions = draw(generated.CONDITIONS) + unless
        texts.append(f'@id("low-{number}") {head}forbid ({scope}) {conditions};')
    return "\n".join(texts)


@settings(max_examples=30, deadline=None)
@given(forbids())
def test_a_lower_layer_never_loosens(text):
    """Hazard P18: the override of a session beat a global "disabled". Neither does a lower layer turn a denial into a
    question, nor a strict approval into a lax one."""
    layer = if_valid(BASE.session_layer, text)
    assume(layer is not None)
    below = PolicyEngine(Bundle(BASE.files | {"workspaces/main.cedar": text}))
    for (who, action, resource), more in itertools.product(ASKED, MOMENTS):
        facts = {"workspace": "main"} | more
        approved = facts.pop("approved", False)
        asked = request(str(who.principal), action, resource, **facts)
        before = ENGINE.decide(asked, who, approved=approved)
        for after in (
            below.decide(asked, who, approved=approved),
            ENGINE.decide(asked, who, approved=approved, layer=layer),
        ):
            assert RANK[answer_of(after)] <= RANK[answer_of(before)], (text, who, action, more, before, after)
            if isinstance(before, RequireApproval) and isinstance(after, RequireApproval):
                one, two = before.obligation, after.obligation
                assert set(two.approvers) <= set(one.approvers)
                assert set(two.options) <= set(one.options)
                assert two.quorum >= one.quorum
                assert two.max_ttl_seconds <= one.max_ttl_seconds
                assert two.self_decision <= one.self_decision


def test_a_lower_layer_cannot_turn_a_denial_into_a_question():
    """An upper rule permits what is approved, and no upper rule asks for it: it is denied, whoever below asks."""
    ask = '@id("ask") @approval forbid (principal, action, resource) unless { context.approved };'
    assert answer(ENGINE, AGENT, "audit.read", "audit:own") == "deny policy.baseline_deny"
    assert (
        answer(ENGINE, AGENT, "audit.read", "audit:own", layer=BASE.session_layer(ask))
        == "deny policy.baseline_deny"
    )
    assert answer(ENGINE, OWNER, "vault.gc", "vault:own", layer=BASE.session_layer(ask)) == (
        "approval policy.explicit_approval_required"
    )


def test_organisation_disabled_wins_over_everything_below():
    """Hazard P18."""
    engine = engine_of(
        '@id("off") @code("house.off") forbid (principal, action == Action::"vault.gc", resource);',
        main="",
    )
    for workspace in (None, "main"):
        for layer in (None, engine.bundle.session_layer("// nothing")):
            got = answer(
                engine, OWNER, "vault.gc", "vault:own", workspace=workspace, layer=layer, approved=True
            )
            assert got == "deny house.off"


def test_a_workspace_speaks_for_itself_alone():
    engine = engine_of(
        main='@id("closed") @code("main.closed") forbid (principal, action, resource);', other=""
    )
    assert answer(engine, OWNER, "vault.gc", "vault:own", workspace="main") == "deny main.closed"
    for workspace in (None, "other", "mai", "main2", "Main", "workspaces/main", "main "):
        assert answer(engine, OWNER, "vault.gc", "vault:own", workspace=workspace) == "allow"


def test_made_up_workspaces_fill_nothing():
    """Each set of rules that is kept costs memory; names of requests do not make any."""
    index = RuleIndex(BASE)
    sets = {id(index.find("vault.gc", f"made-up-{number}", None)) for number in range(100)}
    assert len(sets) == 1


def test_a_session_may_name_its_rules_as_it_likes():
    layer = BASE.session_layer(
        '@id("owner-manages") @code("session.no") forbid (principal, action, resource);'
    )
    decision = ENGINE.decide(request("user:1000", "vault.gc", "vault:own"), OWNER, layer=layer)
    assert (decision.code, decision.rules) == ("session.no", ("session:owner-manages",))


@pytest.mark.parametrize("rule", [rule.id for rule in Bundle.default().rules if rule.layer == RAILS])
def test_no_organisation_can_do_without_a_rail(rule):
    """Everything is permitted, and every rail still holds."""
    engine = engine_of(base='@id("everything") permit (principal, action, resource);')
    cases = {
        "rail-principal-scope": (OWNER, "secret.read", "secret:principal:user:1/x", {}),
        "rail-channel-scope": (OWNER, "secret.read", "secret:channel:slack:T1/x", {"voucher": OWNER}),
        "rail-skill-scope": (OWNER, "secret.read", "secret:skill:mail/x", {"voucher": OWNER}),
        "rail-voucher": (OWNER, "secret.read", "secret:skill:mail/x", {"skill": "mail"}),
        "rail-agent-profile": (AGENT, "profile.use", "profile:agent:other/main", {}),
        "rail-workspace-profile": (AGENT, "profile.use", "profile:workspace:other/main", {}),
        "rail-tools-manage-nothing": (OWNER, "vault.gc", "vault:own", {"tool": "x"}),
        "rail-agents-decide-nothing": (AGENT, "approval.decide", "approval:1", {}),
        "rail-pairing-asks": (OWNER, "device.pair", "device:01J", {}),
        "rail-replacing-asks": (OWNER, "device.replace_key", "device:01J", {}),
    }
    who, action, resource, more = cases[rule]
    asks = rule.endswith("-asks")
    expected = "approval device." if asks else "deny policy.deny."
    assert answer(engine, who, action, resource, **more).startswith(expected)
    without = [r for r in engine.bundle.rules if r.id != rule and r.layer == RAILS]
    lax = PolicyEngine(Bundle(engine.bundle.files, rails="\n".join(r.text for r in without)))
    assert answer(lax, who, action, resource, **more) == "allow", "the rail is what denied it"

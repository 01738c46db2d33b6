"""When a human is asked, what for, and that the codes say so."""

import pytest

from palyra_kernel.policy import codes
from palyra_kernel.policy.obligations import strictest
from palyra_kernel.values.decisions import Obligation, RequireApproval
from tests.policy.asking import AGENT, OWNER, READER, answer, engine_of, request

ASK = 'forbid (principal, action == Action::"vault.gc", resource) unless { context.approved };'


def obligation_of(engine, who=OWNER, action="vault.gc", resource="vault:own", **more):
    decision = engine.decide(request(str(who.principal), action, resource, **more), who)
    assert isinstance(decision, RequireApproval), decision
    return decision.obligation


def test_several_rules_ask_for_the_strictest_of_all():
    engine = engine_of(
        '@id("a") @approval("house.a") @approvers("Owner,Admin") @quorum("2") @max_ttl("600") @self_decision("allow")'
        f" {ASK}"
        f'@id("b") @approval("house.b") @approvers("Admin,Operator") @max_ttl("60") @options("once,session") {ASK}'
    )
    assert obligation_of(engine) == Obligation(
        code="house.a", approvers=("Admin",), quorum=2, max_ttl_seconds=60, options=("once", "session")
    )


@pytest.mark.parametrize(
    ("one", "two"),
    [('@approvers("Owner")', '@approvers("Admin")'), ('@options("once")', '@options("timeboxed")')],
)
def test_approvals_that_exclude_each_other_deny(one, two):
    engine = engine_of(f'@id("a") @approval {one} {ASK} @id("b") @approval {two} {ASK}')
    assert answer(engine, OWNER, "vault.gc", "vault:own") == f"deny {codes.CONTRADICTION}"
    assert answer(engine, OWNER, "vault.gc", "vault:own", approved=True) == "allow"


def test_one_rule_that_no_approval_lifts_denies():
    """RequireApproval needs every rule that decided to ask for one, and the code is that of the one that does not."""
    engine = engine_of(
        f'@id("a") @approval("house.a") {ASK}'
        '@id("b") @code("house.never") forbid (principal, action == Action::"vault.gc", resource);'
    )
    assert answer(engine, OWNER, "vault.gc", "vault:own") == "deny house.never"
    assert answer(engine, OWNER, "vault.gc", "vault:own", approved=True) == "deny house.never"


def test_an_approval_that_would_not_help_is_not_asked_for():
    """Hazard P15: a human was asked, and the answer was no all the same."""
    engine = engine_of(
        f'@id("a") @approval("house.a") {ASK}'
        '@id("b") @code("house.b") forbid (principal, action == Action::"vault.gc", resource)'
        "when { context.approved };"
    )
    assert answer(engine, OWNER, "vault.gc", "vault:own") == "deny house.b"


def test_what_is_approved_is_not_asked_for_again():
    engine = engine_of()
    asked = request("agent:planner", "secret.read", "secret:global/openai_api_key")
    assert isinstance(engine.decide(asked, READER), RequireApproval)
    for truthy in (1, "yes", [0]):
        assert isinstance(engine.decide(asked, READER, approved=truthy), RequireApproval)
    assert answer(engine, READER, "secret.read", "secret:global/openai_api_key", approved=True) == "allow"


def test_codes_do_not_come_from_texts(monkeypatch):
    """Hazard P14: every denial claimed that an approval helps, and codes were parsed from English sentences."""
    engine = engine_of()
    cases = [
        (AGENT, "tool.execute", "tool:x"),
        (AGENT, "vault.gc", "vault:own"),
        (AGENT, "secret.read", "secret:global/openai_api_key"),
    ]
    before = [answer(engine, *case) for case in cases]
    monkeypatch.setattr(codes, "_WORDS", {code: codes.Words("x") for code in codes._WORDS})
    assert [answer(engine, *case) for case in cases] == before
    assert before[1] == "deny policy.baseline_deny"


def test_every_code_of_the_default_bundle_has_words():
    known = set(codes._WORDS)
    assert {rule.code for rule in engine_of().bundle.rules} <= known
    constants = {value for name, value in vars(codes).items() if name.isupper() and isinstance(value, str)}
    assert constants - {codes.CHECK} <= known
    assert codes.words("house.never") == codes.words(codes.RULE)
    assert "late" in codes.words("policy.deny.check:hours:late").text


def test_merging_is_commutative_but_for_the_code():
    one = Obligation(code="a", approvers=("Owner", "Admin"), quorum=3, options=("once",), self_decision=True)
    two = Obligation(code="b", approvers=("Admin",), max_ttl_seconds=5, self_decision=True)
    for first, second in ((one, two), (two, one)):
        assert strictest([first, second]) == Obligation(
            code=first.code,
            approvers=("Admin",),
            quorum=3,
            max_ttl_seconds=5,
            options=("once",),
            self_decision=True,
        )

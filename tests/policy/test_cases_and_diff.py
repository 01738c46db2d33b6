"""Tables of cases, and what another bundle would change."""

import pytest

from palyra_kernel.errors import InvalidInputError
from palyra_kernel.policy.bundle import Bundle
from palyra_kernel.policy.cases import read_cases, run_cases
from palyra_kernel.policy.diff import diff, recorded
from palyra_kernel.policy.engine import PolicyEngine
from palyra_kernel.policy.explain import answer_of
from palyra_kernel.policy.probes import probes
from palyra_kernel.policy.rules import ORGANISATION, RAILS
from tests.policy.asking import AGENT, DATA, OWNER, bundle, request

LAYERS = (RAILS, ORGANISATION)
TABLE = """
[[case]]
name = "the owner reads"
who = { principal = "user:1000", roles = ["Owner"] }
action = "secret.read"
resource = "secret:global/x"
answer = "allow"
rules = ["owner-global"]

[[case]]
name = "an agent is asked"
who = { principal = "agent:planner" }
action = "secret.read"
resource = "secret:global/openai_api_key"
answer = "approval"
code = "secret.read.approval_required"

[[case]]
name = "a channel with a voucher, at night"
who = { principal = "channel:slack:T1" }
voucher = { principal = "service:gateway", speaks_for = ["channel:slack:T1"] }
action = "secret.read"
resource = "secret:channel:slack:T1/x"
at = 2026-01-02T03:04:05Z
session = '@id("night") forbid (principal, action, resource) when { context.at.toTime() < duration("6h") };'
answer = "deny"
code = "policy.deny.rule"
"""


def run(text, made=None):
    return run_cases(PolicyEngine(made or Bundle.default()), read_cases(text, "cases.toml"))


def test_a_table_that_is_right():
    report = run(TABLE)
    assert (report.failed, report.cases) == ((), 3)
    assert "owner-global" not in report.idle
    assert "rail-voucher" in report.idle


@pytest.mark.parametrize(
    ("old", "new"),
    [('answer = "allow"', 'answer = "deny"'), ('rules = ["owner-global"]', 'rules = ["own-scope"]'),
     ('rules = ["owner-global"]', "rules = []"), ('"secret.read.approval_required"', '"policy.baseline_deny"'),
     ('answer = "approval"', 'answer = "allow"')],
)  # fmt: skip
def test_each_expectation_can_fail(old, new):
    (failed,) = run(TABLE.replace(old, new)).failed
    assert failed.case.name in ("the owner reads", "an agent is asked")


def test_a_table_notices_a_changed_bundle():
    stricter = bundle('@id("no") forbid (principal, action, resource) when { context.session == "case" };')
    assert len(run(TABLE, stricter).failed) == 2
    stricter = bundle('@id("no") @code("house.no") forbid (principal is Channel, action, resource);')
    assert [failed.case.name for failed in run(TABLE, stricter).failed] == [
        "a channel with a voucher, at night"
    ]


@pytest.mark.parametrize(
    "change",
    [("answer =", "anser ="), ('"allow"', '"perhaps"'), ('"secret:global/x"', '"global/x"'),
     ('"user:1000"', '"1000"'), ("[[case]]", "[case]")],
)  # fmt: skip
def test_a_wrong_table_is_refused(change):
    with pytest.raises(InvalidInputError) as caught:
        run(TABLE.replace(*change))
    assert caught.value.code == "policy_cases"


def changes(new, old=None):
    found = list(diff(old or Bundle.default(), new))
    return {
        (
            each.asked.request.action,
            str(each.asked.request.resource),
            answer_of(each.old),
            answer_of(each.new),
        )
        for each in found
    }


def test_the_same_bundle_changes_nothing():
    assert changes(bundle("// only a comment")) == set()


def test_a_forbid_for_a_group_shows():
    rule = '@id("g") forbid (principal in Group::"interns", action == Action::"tool.execute", resource);'
    listed = DATA.replace("allowed_tools = []", 'allowed_tools = ["echo"]')
    assert changes(bundle(rule, listed), bundle(data=listed)) == {
        ("tool.execute", "tool:echo", "allow", "deny"),
        ("tool.execute", "tool:echo", "approval", "deny"),
    }


def test_a_named_user_and_a_label_show():
    rule = """@id("n") permit (principal == User::"77", action == Action::"secret.read", resource in Scope::"global")
    when { resource.labels.contains("env=dev") };"""
    found = list(diff(Bundle.default(), bundle(rule)))
    assert {str(each.asked.subject.principal) for each in found} == {"user:77"}
    assert all("env=dev" in each.asked.request.labels for each in found)


def test_rules_may_name_what_no_request_can():
    rule = """@id("odd") forbid (principal == Channel::"slack", action == Action::"vault.gc", resource);
    @id("odder") forbid (principal == User::"a/b", action == Action::"tool.execute", resource == Tool::"\\u{1}");
    @id("oddest") forbid (principal == User::" x", action == Action::"vault.gc", resource == Vault::"");"""
    assert changes(bundle(rule)) == set()


def test_a_workspace_shows():
    found = list(
        diff(
            Bundle.default(),
            bundle(main='@id("w") forbid (principal, action == Action::"vault.gc", resource);'),
        )
    )
    assert {each.asked.request.workspace for each in found} == {"main"}


def test_data_shows():
    assert ("secret.read", "secret:global/new_key", "allow", "approval") in changes(
        bundle(data=DATA.replace('"global/openai_api_key"', '"global/new_key"'))
    )


def test_what_only_an_approval_allows_shows_as_approved():
    strict = bundle(
        '@id("s") forbid (principal, action == Action::"secret.read", resource)'
        "when { resource.marked && context.approved };"
    )
    found = list(diff(Bundle.default(), strict))
    assert found
    assert not any(each.approved for each in found if answer_of(each.old) == "approval")


def test_a_decision_log_can_be_asked_again():
    """Requests of the past, decided by another bundle with what is known of everybody today."""
    log = [
        request("user:1000", "vault.gc", "vault:own"),
        request("agent:planner", "vault.gc", "vault:own"),
        request("user:9", "vault.gc", "vault:own", vouched_by="service:gone"),
    ]
    known = {OWNER.principal: OWNER, AGENT.principal: AGENT}.get
    new = bundle('@id("x") @code("house.x") forbid (principal, action == Action::"vault.gc", resource);')
    found = list(diff(Bundle.default(), new, recorded(log, known)))
    assert [each.asked.request for each in found] == log[:2]
    assert [(each.old.code, each.new.code) for each in found] == [
        ("policy.allow", "house.x"),
        ("policy.baseline_deny", "house.x"),
    ]


def test_every_list_of_a_bundle_shows():
    """The attribute in which rules see a list is known for each list."""
    from palyra_kernel.policy import diff as comparing
    from palyra_kernel.policy.bundle.data import Data

    assert {*comparing._LOOKED_UP, "sensitive_actions", "tools"} == set(Data.__struct_fields__)
    listed = DATA.replace("sensitive_actions = []", 'sensitive_actions = ["slots.list"]')
    assert changes(bundle(data=listed)) == {("slots.list", "vault:probe", "allow", "approval")}


BUSY = """
allowed_tools = ["echo"]
allowed_skills = ["other"]
tool_principals = ["user:probe", "channel:probe:1"]
tool_channels = ["channel:probe:1"]
marked_refs = ["global/probe"]
sensitive_actions = ["vault.gc"]
sensitive_capabilities = ["Network", "SecretsRead"]
"""


@pytest.mark.parametrize("rule", [rule.id for rule in Bundle.default().rules])
def test_no_rule_of_the_kernel_is_idle(rule):
    """Without it some request gets another answer: a rule that decides nothing is a comment that nobody checks."""
    whole = bundle(data=BUSY)
    texts = {
        layer: "\n".join(r.text for r in whole.rules if r.id != rule and r.layer == layer) for layer in LAYERS
    }
    without = Bundle(whole.files | {"organisation.cedar": texts[ORGANISATION]}, rails=texts[RAILS])
    old = Bundle(whole.files)
    actions = next(r.actions for r in old.rules if r.id == rule) or {"vault.gc"}
    before, after = PolicyEngine(old), PolicyEngine(without)
    assert any(before.decide(*asked) != after.decide(*asked) for asked in probes([old], actions))

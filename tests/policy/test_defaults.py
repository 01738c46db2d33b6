"""What the bundle that comes with the kernel says, case by case."""

import pytest

from palyra_kernel.policy.bundle import Bundle
from palyra_kernel.policy.engine import PolicyEngine
from palyra_kernel.values.decisions import RequireApproval
from tests.policy.asking import (
    ADMIN,
    AGENT,
    CHANNEL,
    GATEWAY,
    OPERATOR,
    OWNER,
    READER,
    answer,
    bundle,
    request,
    subject,
)

FOREIGN = "deny policy.deny.foreign_scope"
NOT_GRANTED = "deny secret.read.capability_not_granted"
MARKED = "approval secret.read.approval_required"
BASELINE = "deny policy.baseline_deny"
SECRET_ACTS = ("describe", "read", "write", "delete", "destroy")


@pytest.fixture(scope="module")
def engine():
    return PolicyEngine(Bundle.default())


@pytest.mark.parametrize("act", SECRET_ACTS)
def test_a_scope_belongs_to_one_principal(engine, act):
    """Hazard P9: vault actions were permitted to any principal on any resource."""
    for other in ("user:1001", "user:10001", "user:100", "agent:planner", "service:1000", "token:1000"):
        who = subject(other, "Owner", capabilities=("SecretsRead",))
        assert answer(engine, who, f"secret.{act}", "secret:principal:user:1000/x", approved=True) == FOREIGN
    assert answer(engine, OWNER, f"secret.{act}", "secret:principal:user:1000/x") == "allow"
    assert answer(engine, OWNER, f"secret.{act}", "secret:principal:user:10001/x") == FOREIGN
    assert answer(engine, OWNER, f"secret.{act}", "secret:principal:user:100/x") == FOREIGN


@pytest.mark.parametrize(
    ("who", "more", "expected"),
    [
        (OWNER, {}, "allow"),
        (ADMIN, {}, BASELINE),
        (CHANNEL, {}, BASELINE),
        (AGENT, {}, NOT_GRANTED),
        (READER, {}, "allow"),
        (OWNER, {"tool": "http.fetch"}, NOT_GRANTED),
        (subject("user:1000", "Owner", capabilities=("SecretsRead",)), {"tool": "http.fetch"}, "allow"),
        (subject("device:01J"), {}, NOT_GRANTED),
        (subject("token:t1", "Owner"), {}, NOT_GRANTED),
        (subject("service:web"), {}, NOT_GRANTED),
        (subject("service:web", capabilities=("SecretsRead",)), {}, "allow"),
        (subject("service:web", capabilities=("secretsread", "SecretsReadAll")), {}, NOT_GRANTED),
    ],
)
def test_global_secrets(engine, who, more, expected):
    assert answer(engine, who, "secret.read", "secret:global/x", **more) == expected
    assert answer(engine, who, "secret.describe", "secret:global/openai_api_key", **more) == expected
    assert answer(engine, who, "secret.list", "scope:global", **more) == expected
    assert answer(engine, who, "source.use", "source:env", **more) == expected


@pytest.mark.parametrize(
    "who", [AGENT, READER, subject("device:01J"), subject("token:t1"), subject("service:web")]
)
@pytest.mark.parametrize("key", ["openai_api_key", "anthropic_api_key"])
def test_marked_secrets_are_asked_for(engine, who, key):
    assert answer(engine, who, "secret.read", f"secret:global/{key}") == MARKED
    assert answer(engine, who, "secret.read", f"secret:vault://{key}?version=3#x") == MARKED
    assert answer(engine, who, "secret.read", f"secret:global/{key}", approved=True) == "allow"
    assert answer(engine, who, "secret.write", f"secret:global/{key}", approved=True) == BASELINE


def test_the_owner_reads_marked_secrets_but_not_through_a_tool(engine):
    assert answer(engine, OWNER, "secret.read", "secret:global/openai_api_key") == "allow"
    assert answer(engine, OWNER, "secret.read", "secret:global/openai_api_key", tool="shell") == MARKED
    for act in ("write", "delete", "destroy"):
        assert (
            answer(engine, OWNER, f"secret.{act}", "secret:global/x", tool="shell")
            == "deny secret.write.tool_session"
        )


@pytest.mark.parametrize("act", SECRET_ACTS)
def test_a_channel_scope_needs_that_channel_and_a_voucher(engine, act):
    secret, act = "secret:channel:slack:T1/token", f"secret.{act}"
    other = subject("service:other", speaks_for=("channel:slack:T2", "channel:slack", "channel:slack:T11"))
    assert answer(engine, CHANNEL, act, secret, GATEWAY) == "allow"
    assert answer(engine, CHANNEL, act, secret, OWNER) == "allow"
    assert answer(engine, CHANNEL, act, secret) == "deny policy.deny.voucher_missing"
    assert answer(engine, CHANNEL, act, secret, other) == "deny policy.deny.voucher_missing"
    assert answer(engine, CHANNEL, act, secret, ADMIN) == "deny policy.deny.voucher_missing"
    assert (
        answer(engine, CHANNEL, act, secret, subject("token:x", "Owner"))
        == "deny policy.deny.voucher_missing"
    )
    assert answer(engine, OWNER, act, secret, GATEWAY) == FOREIGN
    assert answer(engine, subject("channel:slack:T2"), act, secret, GATEWAY) == FOREIGN


def test_a_skill_scope_needs_that_skill_and_a_voucher(engine):
    secret = "secret:skill:mail/token"
    assert answer(engine, OWNER, "secret.read", secret, GATEWAY, skill="mail") == "allow"
    assert answer(engine, OWNER, "secret.read", secret, OWNER, skill="mail") == "allow"
    assert answer(engine, OWNER, "secret.read", secret, skill="mail") == "deny policy.deny.voucher_missing"
    assert answer(engine, OWNER, "secret.read", secret, GATEWAY) == FOREIGN
    assert answer(engine, OWNER, "secret.read", secret, GATEWAY, skill="mai") == FOREIGN
    assert answer(engine, AGENT, "secret.read", secret, GATEWAY, skill="mail") == NOT_GRANTED


def test_roles_have_the_permissions_of_the_table(engine):
    use = [
        *(
            f"compat.{act}"
            for act in ("models.read", "chat.create", "embeddings.create", "responses.create", "tools.invoke")
        ),
        *(f"{room}.use" for room in ("sessions", "memory", "routines")),
        "observability.read",
    ]
    administer = ["api_tokens.manage", "workspace.memberships.manage", "workspace.sharing.manage"]
    own = ["workspace.manage", "trust.operate", "rollout.manage"]
    for who, allowed in (
        (OWNER, {*use, *administer, *own}),
        (ADMIN, {*use, *administer}),
        (OPERATOR, {*use}),
        (AGENT, set()),
    ):
        for act in use + administer + own:
            expected = "allow" if act in allowed else BASELINE
            assert answer(engine, who, act, "workspace:main") == expected, (who, act)
    assert answer(engine, ADMIN, "api_tokens.manage", "workspace:other") == BASELINE
    assert answer(engine, OPERATOR, "sessions.use", "workspace:main2") == BASELINE


MANAGEMENT = [
    *(f"vault.{act} vault:own" for act in ("status", "verify", "rekey", "gc", "migrate", "backup")),
    *(f"gateway.{act} vault:own" for act in ("serve", "status", "reload")),
    *(f"slots.{act} vault:own" for act in ("list", "add", "remove", "drill")),
    *(f"self.{act} vault:own" for act in ("show", "pair", "renew", "lend")),
    *(f"principal.{act} principal:user:7" for act in ("list", "grant", "revoke", "vouch")),
    *(f"approval.{act} approval:01J" for act in ("list", "show", "decide", "cancel")),
    "approval.passphrase vault:own",
    *(f"policy.{act} policy:active" for act in ("show", "apply", "test")),
    *(f"audit.{act} audit:own" for act in ("read", "verify", "export", "archive")),
    *(f"profile.{act} profile:global/main" for act in ("list", "manage")),
    *(f"device.{act} device:01J" for act in ("list", "show", "manage", "revoke")),
    "device.list vault:own",
    *(f"pairing.{act} vault:own" for act in ("list", "code", "open")),
    *(f"ca.{act} vault:own" for act in ("status", "rotate")),
    *(f"node.{act} device:01J" for act in ("grant", "revoke")),
]


@pytest.mark.parametrize("act", MANAGEMENT)
def test_only_a_user_who_is_owner_manages(engine, act):
    action, resource = act.split()
    assert answer(engine, OWNER, action, resource) == "allow"
    assert answer(engine, OWNER, action, resource, tool="shell") == "deny policy.deny.tool_session"
    assert answer(engine, OWNER, action, resource, skill="mail") == "deny policy.deny.tool_session"
    for who in (ADMIN, OPERATOR, subject("token:t", "Owner"), subject("device:01J", "Owner"), CHANNEL):
        assert answer(engine, who, action, resource, approved=True) == BASELINE
    assert answer(engine, subject("agent:a", "Owner"), action, resource).startswith("deny ")


def test_programs_use_profiles_with_the_capability_that_reads_secrets(engine):
    """A profile hands out a secret: who may not read any gets none by this way."""
    for who in (subject("agent:a"), subject("token:t"), subject("device:01J", "Owner")):
        assert answer(engine, who, "profile.use", "profile:global/main") == NOT_GRANTED
    reads = subject("agent:a", capabilities=("SecretsRead",))
    assert answer(engine, reads, "profile.use", "profile:global/main") == "allow"
    assert answer(engine, OWNER, "profile.use", "profile:global/main") == "allow"
    assert answer(engine, OWNER, "profile.use", "profile:global/main", tool="shell") == NOT_GRANTED
    assert answer(engine, ADMIN, "profile.use", "profile:global/main") == BASELINE


def test_a_profile_of_an_agent_or_workspace_is_for_nobody_else(engine):
    """Hazard H14 of auth profiles: without an agent's name a selection took every agent's private profiles."""
    reads = subject("agent:a", capabilities=("SecretsRead",))
    for scope, mine in (("agent:a", True), ("agent:ab", False), ("agent:A", False)):
        expected = "allow" if mine else FOREIGN
        assert answer(engine, reads, "profile.use", f"profile:{scope}/main") == expected
        assert answer(engine, OWNER, "profile.use", f"profile:{scope}/main") == "allow"
    for where, expected in (("w", "allow"), ("w2", FOREIGN), (None, FOREIGN)):
        assert answer(engine, reads, "profile.use", "profile:workspace:w/main", workspace=where) == expected
    for name in ("main", "agent/main", "global:x/main", "global/", "/main", "principal:a/main"):
        assert answer(engine, OWNER, "profile.use", f"profile:{name}") == "deny policy.deny.invalid_request"


def test_another_endpoint_for_a_credential_asks_a_human(engine):
    """Hazard H48 of auth profiles: whoever could change an endpoint had the refresh token sent there."""
    asked = answer(engine, OWNER, "profile.endpoint", "profile:global/main")
    assert asked == "approval profile.endpoint.approval_required"
    assert answer(engine, OWNER, "profile.endpoint", "profile:global/main", approved=True) == "allow"
    assert answer(
        engine, OWNER, "profile.endpoint", "profile:global/main", tool="x", approved=True
    ).startswith("deny")
    assert answer(engine, ADMIN, "profile.endpoint", "profile:global/main", approved=True) == BASELINE


@pytest.mark.parametrize("action", ["device.pair", "device.replace_key"])
def test_every_device_asks_a_human(engine, action):
    """Hazard H16: a device was let in by whoever had its code, approved beforehand."""
    for more in ({}, {"labels": ("kind=node", "method=qr")}):
        asked = engine.decide(request("user:1000", action, "device:01J", **more), OWNER)
        assert isinstance(asked, RequireApproval)
        assert asked.code == f"{action}.approval_required"
        needs = asked.obligation
        assert (needs.options, needs.self_decision, needs.quorum) == (("once",), True, 1)
    assert answer(engine, OWNER, action, "device:01J", approved=True) == "allow"
    assert answer(engine, OWNER, action, "device:01J", approved=True, tool="x").startswith("deny ")
    assert answer(engine, ADMIN, action, "device:01J", approved=True) == BASELINE
    assert answer(engine, subject("agent:a", "Owner"), action, "device:01J", approved=True).startswith(
        "deny "
    )


def test_an_organisation_can_demand_two_people_and_kinds_of_devices():
    house = """
    @id("two") @approval("house.two") @quorum("2")
    forbid (principal, action == Action::"device.pair", resource) unless { context.approved };
    @id("no-desktops") @code("house.no_desktops")
    forbid (principal, action == Action::"device.pair", resource)
    when { resource.labels.contains("kind=desktop") };
    """
    strict = PolicyEngine(bundle(house))
    asked = strict.decide(request("user:1000", "device.pair", "device:01J", labels=("kind=node",)), OWNER)
    assert isinstance(asked, RequireApproval)
    assert (asked.obligation.quorum, asked.obligation.self_decision) == (2, False)
    assert asked.obligation.approvers == ("Owner",)
    assert (
        answer(strict, OWNER, "device.pair", "device:01J", labels=("kind=desktop",))
        == "deny house.no_desktops"
    )


NODES = ["node.list vault:own", *(f"node.{act} device:01J" for act in ("show", "invoke", "cancel"))]


@pytest.mark.parametrize("act", NODES)
def test_nodes_are_for_whom_they_were_granted(engine, act):
    """Hazard H28: an owner could not ask a node without its own certificate; a device needs a permit for another."""
    action, resource = act.split()
    user = subject("user:1001", capabilities=("NodeInvoke",))
    device = subject("device:01K", capabilities=("NodeInvoke",))
    assert answer(engine, OWNER, action, resource) == "allow"
    for allowed in (user, device):
        assert answer(engine, allowed, action, resource) == "allow"
        assert answer(engine, allowed, action, resource, tool="x") == "allow"
    for denied in (subject("user:1001"), subject("device:01K"), ADMIN, AGENT, subject("device:01K", "Owner")):
        assert answer(engine, denied, action, resource) == BASELINE
    assert answer(engine, OWNER, action, resource, tool="x") == BASELINE


@pytest.mark.parametrize("act", ["show", "cancel"])
def test_leases_of_others_are_for_the_owner(engine, act):
    """Hazard H26: any device could finish or relabel what another one had asked for."""
    user = subject("user:1001", capabilities=("NodeInvoke",))
    own, other = ("lease=own",), ("lease=other",)
    assert answer(engine, user, f"node.{act}", "device:01J", labels=own) == "allow"
    assert answer(engine, user, f"node.{act}", "device:01J", labels=other) == BASELINE
    assert answer(engine, OWNER, f"node.{act}", "device:01J", labels=other) == "allow"


def test_capabilities_of_nodes_that_the_lists_mark_ask_a_human():
    engine = PolicyEngine(bundle(data='asked_node_capabilities = ["camera.snap"]'))
    asked = "approval node.invoke.approval_required"
    for needs, expected in (("camera.snap", asked), ("SecretsRead", asked), ("echo", "allow")):
        more = {"capabilities": (needs,)}
        assert answer(engine, OWNER, "node.invoke", "device:01J", **more) == expected
        assert answer(engine, OWNER, "node.invoke", "device:01J", approved=True, **more) == "allow"
    granted = subject("user:1001", capabilities=("NodeInvoke", "camera.snap"))
    assert answer(engine, granted, "node.invoke", "device:01J", capabilities=("camera.snap",)) == "allow"


def test_every_declared_action_has_a_case(engine):
    """What is declared and never asked in a test would be decided by accident."""
    named = {act.split()[0] for act in MANAGEMENT}
    prefixes = ("secret.", "source.", "tool.", "skill.", "capability.", "compat.", "workspace.")
    rest = {action for action in engine.bundle.actions.resources if not action.startswith(prefixes)}
    table = {"sessions.use", "memory.use", "routines.use", "observability.read", "api_tokens.manage"}
    asked = {"profile.endpoint", "device.pair", "device.replace_key"} | {act.split()[0] for act in NODES}
    assert rest == named | table | asked | {"trust.operate", "rollout.manage", "profile.use"}


NEAR_MISSES = [
    *(
        "tool.read.write",
        "tool.execute.shell",
        "tool.target.reset",
        "secret",
        "management",
        "use",
        "Secret.read",
    ),
    *("secret.*", "*", "secret.read ", " secret.read", "secret.read\n", "secret.read\0", "", "a" * 10_000),
]


@pytest.mark.parametrize("action", NEAR_MISSES)
def test_near_misses_of_actions_are_unknown(engine, action):
    """Hazard P32: subjects were matched by the beginning of their names."""
    for resource in ("secret:global/x", "tool:shell", "vault:own"):
        assert answer(engine, OWNER, action, resource) == "deny policy.deny.unknown_action"

"""Tools, skills and capabilities: lists, declared capabilities, and when a human is asked."""

import pytest

from tests.policy.asking import AGENT, CHANNEL, OWNER, answer, engine_of, subject

NOT_LISTED = "deny tool.execute.tool_not_allowlisted"
ASK = "approval policy.explicit_approval_required"
BASELINE = "deny policy.baseline_deny"
DATA = """
allowed_tools = ["echo", "fs.read_file", "http.fetch", "sleep"]
allowed_skills = ["mail"]
sensitive_actions = ["vault.backup", "audit"]
[tools."fs.read_file"]
capabilities = ["FilesystemRead"]
[tools."http.fetch"]
capabilities = ["Network", "SecretsRead"]
[tools.sleep]
capabilities = ["Sleeping"]
"""


@pytest.fixture(scope="module")
def engine():
    return engine_of(data=DATA)


@pytest.mark.parametrize("who", [OWNER, AGENT, CHANNEL, subject("device:01J"), subject("token:t")])
def test_only_listed_tools_run(engine, who):
    """Hazard P32: `tool:fs.read` must not match `tool:fs.read_file`, nor the other way round."""
    assert answer(engine, who, "tool.execute", "tool:echo") == "allow"
    for near in ("Echo", "echo ", "ech", "echo.shell", "fs.read", "fs.read_file2", "fs", "*", "tool:echo"):
        assert answer(engine, who, "tool.execute", f"tool:{near}", approved=True) == NOT_LISTED
    assert answer(engine, who, "skill.execute", "skill:mail") == "allow"
    assert answer(engine, who, "skill.execute", "skill:mai") == "deny skill.execute.skill_not_allowlisted"
    assert answer(engine, who, "tool.read", "tool:unlisted") == "allow"
    assert answer(engine, who, "tool.list", "vault:own") == "allow"


def test_a_sensitive_capability_asks_unless_it_was_granted(engine):
    """What the operator says of a tool counts even if the request does not say it, and the other way round."""
    assert answer(engine, AGENT, "tool.execute", "tool:fs.read_file") == ASK
    assert answer(engine, AGENT, "tool.execute", "tool:sleep") == "allow"
    assert answer(engine, AGENT, "tool.execute", "tool:echo", capabilities=("ProcessExec",)) == ASK
    assert (
        answer(engine, AGENT, "tool.execute", "tool:echo", capabilities=("ProcessExec",), approved=True)
        == "allow"
    )
    one, both = (subject("agent:planner", capabilities=c) for c in (("Network",), ("SecretsRead", "Network")))
    assert answer(engine, one, "tool.execute", "tool:http.fetch") == ASK
    assert answer(engine, both, "tool.execute", "tool:http.fetch") == "allow"
    assert answer(engine, both, "tool.execute", "tool:http.fetch", capabilities=("FilesystemWrite",)) == ASK
    assert answer(engine, AGENT, "skill.execute", "skill:mail", capabilities=("Network",)) == ASK


@pytest.mark.parametrize(
    "name", ["ProcessExec", "Network", "SecretsRead", "FilesystemRead", "FilesystemWrite"]
)
def test_capabilities_are_used_by_whom_they_were_granted_to(engine, name):
    granted = subject("agent:planner", capabilities=(name,))
    assert answer(engine, granted, "capability.use", f"capability:{name}") == "allow"
    assert answer(engine, AGENT, "capability.use", f"capability:{name}") == ASK
    assert answer(engine, AGENT, "capability.use", f"capability:{name}", approved=True) == "allow"
    assert answer(engine, granted, "capability.use", f"capability:{name}2") == BASELINE
    assert answer(engine, AGENT, "capability.use", "capability:Harmless", approved=True) == BASELINE


def test_sensitive_actions_ask_on_every_surface(engine):
    """Hazards P10 and P16: management calls ignored what the operator called sensitive, or could never be approved."""
    for surface in ("embedded", "cli", "daemon", "gateway"):
        for action, resource in (
            ("vault.backup", "vault:own"),
            ("audit.read", "audit:own"),
            ("audit.export", "vault:own"),
        ):
            assert answer(engine, OWNER, action, resource, surface=surface) == ASK
            assert answer(engine, OWNER, action, resource, surface=surface, approved=True) == "allow"
        assert answer(engine, OWNER, "vault.status", "vault:own", surface=surface) == "allow"


def test_nobody_is_asked_in_vain(engine):
    """Hazard P15: a human was asked before it was known that the tool may not run at all."""
    assert answer(engine, AGENT, "tool.execute", "tool:shell", capabilities=("ProcessExec",)) == NOT_LISTED
    assert answer(engine, AGENT, "audit.read", "audit:own") == BASELINE
    assert answer(engine, OWNER, "vault.backup", "vault:own", tool="echo") == "deny policy.deny.tool_session"


def test_who_may_run_tools_can_be_listed():
    """Hazard P33: the lists of principals and channels could not be set."""
    engine = engine_of(
        data=DATA.replace("[tools", 'tool_principals = ["agent:planner", "channel:slack:T1"]\n[tools', 1)
    )
    assert answer(engine, AGENT, "tool.execute", "tool:echo") == "allow"
    assert answer(engine, OWNER, "tool.execute", "tool:echo") == "deny tool.execute.principal_not_allowlisted"
    engine = engine_of(data=DATA.replace("[tools", 'tool_channels = ["channel:slack:T1"]\n[tools', 1))
    assert answer(engine, CHANNEL, "tool.execute", "tool:echo") == "allow"
    assert answer(engine, AGENT, "tool.execute", "tool:echo") == "deny tool.execute.channel_not_allowlisted"
    assert answer(engine, subject("channel:slack:T12"), "tool.execute", "tool:echo").endswith(
        "channel_not_allowlisted"
    )


def test_changing_only_the_bundle_flips_decisions():
    """Hazard P11: rules were a table of booleans and could name nobody."""
    rules = """
    @id("team") permit (principal in Group::"ops", action == Action::"secret.read", resource in Scope::"global")
    when { resource.labels.contains("env=dev") };
    @id("no-intern") forbid (principal == User::"7", action, resource);
    """
    engine = engine_of(rules)
    ops, intern = subject("user:5", groups=("ops",)), subject("user:7", "Owner")
    assert answer(engine, ops, "secret.read", "secret:global/x", labels=("env=dev",)) == "allow"
    assert answer(engine, ops, "secret.read", "secret:global/x", labels=("env=prod",)) == BASELINE
    assert answer(engine_of(), ops, "secret.read", "secret:global/x", labels=("env=dev",)) == BASELINE
    assert answer(engine, intern, "vault.gc", "vault:own") == "deny policy.deny.rule"
    assert answer(engine_of(), intern, "vault.gc", "vault:own") == "allow"

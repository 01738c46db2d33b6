"""Why an answer is what it is."""

import msgspec

from palyra_kernel.policy.bundle import Bundle
from palyra_kernel.policy.engine import PolicyEngine
from palyra_kernel.values.decisions import Deny
from tests.policy.asking import AGENT, CHANNEL, GATEWAY, OWNER, engine_of, request, subject


def explained(engine, who, action, resource, voucher=None, **more):
    vouched_by = str(voucher.principal) if voucher else None
    return engine.explain(
        request(str(who.principal), action, resource, vouched_by=vouched_by, **more), who, voucher
    )


def grants(found):
    return {each.grant: each.answer for each in found.missing}


def test_rules_have_their_names():
    """Hazard P12: explain printed policy0 to policy8."""
    found = explained(engine_of(), AGENT, "tool.execute", "tool:shell", capabilities=("ProcessExec",))
    assert [(rule.id, rule.layer) for rule in found.rules] == [
        ("tool-listed", "organisation"),
        ("sensitive-capabilities-ask", "organisation"),
    ]
    assert (found.answer, found.code, found.hint) == (
        "deny", "tool.execute.tool_not_allowlisted", "grant_tool_allowlist",
    )  # fmt: skip


def test_the_missing_grant_is_the_one_that_helps():
    engine = engine_of()
    assert grants(explained(engine, AGENT, "secret.read", "secret:global/x")) == {
        "capability SecretsRead": "allow"
    }
    assert grants(explained(engine, AGENT, "tool.execute", "tool:x")) == {"allowed_tools": "allow"}
    assert grants(explained(engine, AGENT, "skill.execute", "skill:x")) == {"allowed_skills": "allow"}
    assert grants(explained(engine, subject("user:7"), "vault.gc", "vault:own")) == {"role Owner": "allow"}
    assert grants(explained(engine, CHANNEL, "secret.read", "secret:channel:slack:T1/x")) == {
        "voucher for channel:slack:T1": "allow"
    }
    in_main = subject("user:7", "Operator")
    assert grants(explained(engine, in_main, "sessions.use", "workspace:main")) == {
        "role Owner": "allow",
        "workspace main": "allow",
    }
    asked = explained(engine, AGENT, "secret.read", "secret:global/openai_api_key")
    assert grants(asked) == {"approval": "allow"}
    assert grants(explained(engine, OWNER, "secret.read", "secret:principal:user:1/x")) == {}


def test_a_grant_that_is_named_really_helps():
    """What explain promises is decided, not guessed: the grant is given, and the answer is that one."""
    engine = engine_of()
    found = explained(engine, AGENT, "secret.read", "secret:global/x")
    (missing,) = found.missing
    granted = msgspec.structs.replace(AGENT, capabilities=(missing.grant.removeprefix("capability "),))
    assert explained(engine, granted, "secret.read", "secret:global/x").answer == missing.answer


def test_it_says_by_which_bundle():
    """Hazard P33: a local explain could differ from what the daemon would say."""
    one, two = engine_of(), engine_of("// changed")
    assert explained(one, OWNER, "vault.gc", "vault:own").digest == one.bundle.digest == one.digest
    assert explained(two, OWNER, "vault.gc", "vault:own").digest != one.digest


def test_nothing_of_the_request_is_repeated():
    secret = "canary-77"
    found = explained(
        engine_of(),
        AGENT,
        "secret.read",
        "secret:global/x",
        purpose=secret,
        labels=(secret,),
        arguments=secret,
    )
    assert secret not in msgspec.json.encode(found).decode()


def test_what_cannot_be_asked_is_explained_too():
    engine = engine_of()
    assert explained(engine, OWNER, "secret.raed", "secret:global/x").code == "policy.deny.unknown_action"
    assert explained(engine, OWNER, "vault.gc", "tool:x").code == "policy.deny.invalid_request"
    assert explained(engine, CHANNEL, "secret.read", "secret:channel:slack:T1/x", GATEWAY).answer == "allow"


def test_nothing_makes_it_fail():
    """Whoever asks why was denied for a malformed request gets the code, and not an error."""
    engine, asked = engine_of(), request("user:1000", "vault.gc", "vault:own")
    odd = msgspec.structs.replace(asked, action=["vault.gc"])
    for found in (engine.explain(asked, None), engine.explain(odd, OWNER), engine.explain(None, OWNER)):
        assert found.answer == "deny"
        assert found.code in ("policy.deny.unknown_principal", "policy.deny.invalid_request")
        assert (found.rules, found.missing, found.layers) == ((), (), {})


def test_explaining_and_deciding_agree():
    engine = PolicyEngine(Bundle.default())
    asked = request("agent:planner", "secret.read", "secret:global/x")
    decision, found = engine.decide(asked, AGENT), engine.explain(asked, AGENT)
    assert isinstance(decision, Deny)
    assert (found.code, tuple(rule.id for rule in found.rules)) == (decision.code, decision.rules)


def test_the_layers_that_were_asked_are_counted():
    engine = engine_of(main='@id("w") forbid (principal, action == Action::"vault.gc", resource);')
    layer = engine.bundle.session_layer(
        '@id("s") forbid (principal, action, resource) when { context.mtls };'
    )
    found = engine.explain(
        request("user:1000", "vault.gc", "vault:own", workspace="main"), OWNER, layer=layer
    )
    assert found.layers == {"rails": 1, "organisation": 2, "workspace:main": 1, "session": 1}
    assert [rule.id for rule in found.rules] == ["w"]

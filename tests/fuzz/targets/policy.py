"""Rules of a session: the text that whoever begins one brings."""

from palyra_kernel.policy.bounds import MAX_LAYER_BYTES, split_rules
from palyra_kernel.policy.bundle import Bundle
from palyra_kernel.policy.engine import PolicyEngine
from palyra_kernel.policy.formatting import formatted
from palyra_kernel.values.decisions import ActionRequest, Allow, Resource
from palyra_kernel.values.principals import Principal, Subject
from tests.fuzz.oracles import result

JSON = False

_HEAD = b'@id("a") forbid (principal, action, resource) '
_ENGINE = PolicyEngine(Bundle.default())
_NOBODY = Subject(principal=Principal("agent", "a"))


def seeds():
    return {
        "plain": _HEAD + b'when { context has tool && context.tool == "x" };',
        "approval": b'@approval("a.b") @quorum("2") ' + _HEAD + b"unless { context.approved };",
        "two": _HEAD + b";" + _HEAD.replace(b'"a"', b'"b"') + b"; // end",
        "same": _HEAD + b";" + _HEAD + b";",
        "permit": _HEAD.replace(b"forbid", b"permit") + b";",
        "types": _HEAD + b'when { context.at.toTime() < duration("6h") && ip("::1").isLoopback() };',
        "deep": _HEAD + b"when { " + b"(" * 31 + b"true" + b")" * 31 + b" };",
        "deeper": _HEAD + b"when { " + b"[" * 32 + b"1" + b"]" * 32 + b" == [] };",
        "string": _HEAD + rb'when { context.session == "(((;\"//" }; // "(',
        "open": _HEAD + b'when { context.session == "(((',
        "return": _HEAD + b"// (\r;",
        "chain": _HEAD + b"when { " + b" || ".join([b"context.mtls"] * 600) + b" };",
        "template": b'@id("t") forbid (principal == ?principal, action, resource);',
        "control": b'@id("\x1b[2J") forbid (principal, action, resource) when { \x1b };',
        "scope": b'@id("s") forbid (principal in Role::"Owner", action in [Action::"vault"], resource is Vault);',
    }


def check(data: bytes) -> None:
    """A text is cut without a loss; what is read only forbids; what was denied stays so; laying out twice is laying out
    once."""
    text = data.decode("utf-8", "ignore")
    pieces = result(split_rules, text, MAX_LAYER_BYTES)
    assert pieces is None or "".join(pieces) == text
    if (once := result(formatted, text, "x")) is not None:
        assert formatted(once, "x") == once
    layer = result(_ENGINE.bundle.session_layer, text)
    if layer is None:
        return
    assert all(rule.effect == "forbid" and rule.id.startswith("session:") for rule in layer.rules)
    for action, resource in (
        ("vault.gc", Resource("vault", "own")),
        ("secret.read", Resource("secret", "global/a")),
    ):
        asked = ActionRequest(
            principal=_NOBODY.principal, action=action, resource=resource, at_ms=0, session="s"
        )
        assert type(_ENGINE.decide(asked, _NOBODY, layer=layer)) is not Allow

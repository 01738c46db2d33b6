"""Decisions: ours beside cedarpy itself, with everything parsed once and with everything as text."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import cedarpy
import msgspec

from benchmarks.measure import Pair, Row, Side, measure
from benchmarks.scale import Scale
from palyra_kernel.policy.bundle import Bundle
from palyra_kernel.policy.engine import PolicyEngine
from palyra_kernel.values.decisions import ActionRequest, Allow, Resource
from palyra_kernel.values.principals import Principal, Subject

ACTIONS = 100
UNSCOPED = 10
_OWNER = Subject(principal=Principal("user", "1000"), roles=("Owner",))
_ACTION = "bench.a7"
_KINDS = "User, Agent, Device, Channel, ApiToken, Service"


def rows(scale: Scale) -> Iterator[Row]:
    """10 and 1,000 rules over 100 actions, 10 of them for all; and a resource that nobody asked about before."""
    for rules in (10, 1_000):
        engine = PolicyEngine(bundle(rules))
        for pair in _pairs(engine, rules, scale):
            yield measure(pair, scale)


def bundle(rules: int) -> Bundle:
    """A bundle of *rules* rules over 100 actions of its own, and the rails, which concern none of them."""
    default = Bundle.default()
    names = ", ".join(f'"bench.a{number}"' for number in range(ACTIONS))
    applies = f"appliesTo {{ principal: [{_KINDS}], resource: [Vault], context: Request }}"
    schema = f'{default.schema}\naction {names} in [Action::"management"]\n  {applies};\n'
    texts = [
        f'@id("u{number}") forbid (principal, action, resource) when {{ context.surface == "no{number}" }};'
        for number in range(UNSCOPED if rules > UNSCOPED else 1)
    ]
    texts.append(f'@id("yes") permit (principal in Role::"Owner", action == Action::"{_ACTION}", resource);')
    texts += [
        f'@id("s{number}") forbid (principal, action == Action::"bench.a{number % ACTIONS}", resource)'
        f' when {{ resource.labels.contains("no={number}") }};'
        for number in range(rules - len(texts))
    ]
    files = default.files | {"organisation.cedar": "\n".join(texts)}
    return Bundle(files, schema=schema)


def _pairs(engine: PolicyEngine, rules: int, scale: Scale) -> Iterator[Pair]:
    calls = scale.calls(1_000)
    request = _request("own")
    ours = Side("decide", lambda _: _allowed(engine, request), calls)
    yield Pair(f"{rules} rules", 0, ours, _bare(engine, request, calls, text=False))
    few = scale.calls(20)
    text = _bare(engine, request, few, text=True)
    yield Pair(f"{rules} rules, as text", 0, ours._replace(calls=few), text)
    fresh = Side("decide", lambda number: _allowed(engine, _request(f"v{number}")), calls)
    yield Pair(
        f"{rules} rules, another resource each time", 0, fresh, _bare(engine, request, calls, text=False)
    )


def _request(name: str) -> ActionRequest:
    return ActionRequest(
        principal=_OWNER.principal,
        action=_ACTION,
        resource=Resource("vault", name),
        at_ms=1_700_000_000_000,
        session="bench",
    )


def _allowed(engine: PolicyEngine, request: ActionRequest) -> None:
    if type(engine.decide(request, _OWNER)) is not Allow:
        raise RuntimeError("the wrong thing is measured")


def _bare(engine: PolicyEngine, request: ActionRequest, calls: int, *, text: bool) -> Side:
    """``cedarpy.is_authorized`` over all rules, with the request that ours makes of this one already made."""
    from palyra_kernel.policy.question import question

    asked = question(request, _OWNER, None, engine._known)
    assert not isinstance(asked, str)
    whole = asked._ends | {"context": msgspec.json.encode(asked._moment).decode()}
    policies = "\n".join(rule.text for rule in engine.bundle.rules)
    schema = engine.bundle.schema
    ask: Callable[[], cedarpy.AuthzResult]
    if text:
        entities = str(asked._entities)
        ask = lambda: cedarpy.is_authorized(whole, policies, entities, schema)  # noqa: E731
    else:
        rules, types = cedarpy.PolicySet.from_str(policies), cedarpy.Schema.from_str(schema)
        ask = lambda: cedarpy.is_authorized(whole, rules, asked._entities, types)  # noqa: E731

    def checked(_: int) -> None:
        if ask().decision is not cedarpy.Decision.Allow:
            raise RuntimeError("the wrong thing is measured beside it")

    return Side("cedarpy, as text" if text else "cedarpy, all rules", checked, calls)

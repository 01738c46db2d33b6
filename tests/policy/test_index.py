"""The action index leaves out what cannot matter, and never changes an answer."""

import itertools

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from palyra_kernel.policy.bundle import Bundle
from palyra_kernel.policy.engine import PolicyEngine
from palyra_kernel.policy.index import rule_set
from palyra_kernel.policy.probes import probes
from palyra_kernel.values.decisions import Resource
from tests.policy import generated
from tests.policy.asking import OWNER, bundle, engine_of, request
from tests.policy.generated import ASKED, MOMENTS, if_valid


@st.composite
def rule_texts(draw):
    """Up to six rules of the organisation."""
    texts = []
    for number in range(draw(st.integers(1, 6))):
        effect = draw(st.sampled_from(["permit", "forbid"]))
        scope = f"{draw(generated.PRINCIPALS)}, {draw(generated.ACTIONS)}, resource"
        texts.append(f'@id("r{number}") {effect} ({scope}) {draw(generated.CONDITIONS)};')
    return "\n".join(texts)


def with_every_rule(made):
    """An engine without an index."""
    engine, everything = PolicyEngine(made), rule_set(made.rules)
    engine._index.find = lambda action, workspace, layer: everything  # type: ignore[method-assign]
    engine._index.upper = lambda action: everything  # type: ignore[method-assign]
    return engine


@settings(max_examples=30, deadline=None)
@given(rule_texts())
def test_indexed_and_full_answers_are_the_same(text):
    made = if_valid(bundle, text)
    assume(made is not None)
    indexed, full = PolicyEngine(made), with_every_rule(made)
    for (who, action, resource), more in itertools.product(ASKED, MOMENTS):
        facts = dict(more)
        approved = facts.pop("approved", False)
        asked = request(str(who.principal), action, resource, **facts)
        assert indexed.decide(asked, who, approved=approved) == full.decide(asked, who, approved=approved)


def test_the_default_bundle_gives_the_same_answers_for_every_action():
    made = Bundle.default()
    indexed, full = PolicyEngine(made), with_every_rule(made)
    every = list(probes([made], made.actions.resources))
    assert {asked.request.action for asked in every} == set(made.actions.resources)
    for asked in every[:: len(every) // 400]:
        assert indexed.decide(*asked) == full.decide(*asked), asked


def test_rules_of_other_actions_are_left_out():
    made = bundle(
        "".join(f'@id("g{n}") forbid (principal, action == Action::"vault.gc", resource);' for n in range(50))
    )
    engine = PolicyEngine(made)
    read = engine.rules_for(request("user:1000", "secret.read", "secret:global/x"))
    collect = engine.rules_for(request("user:1000", "vault.gc", "vault:own"))
    assert not {rule.id for rule in read} & {f"g{n}" for n in range(50)}
    assert {f"g{n}" for n in range(50)} < {rule.id for rule in collect}


def test_the_reader_of_the_schema_agrees_with_cedar():
    """Each action that was read is one for Cedar, done to those types, and in those groups and no others."""
    made = Bundle.default()
    engine = engine_of(base="// nothing")
    examples: dict[str, Resource] = {}
    for asked in probes([made], made.actions.resources):
        examples.setdefault(asked.request.action, asked.request.resource)
    for group in made.actions.below:
        layer = if_valid(
            made.session_layer, f'@id("g") forbid (principal, action in Action::"{group}", resource);'
        )
        assert layer is not None
        layer.rules[0] = layer.rules[0]._replace(actions=None)  # so that Cedar alone says whether it matches
        for action, resource in examples.items():
            decision = engine.decide(request("user:1000", action, str(resource)), OWNER, layer=layer)
            assert ("session:g" in decision.rules) is (action in made.actions.below[group]), (action, group)
    pairs = [(action, name) for action, types in made.actions.resources.items() for name in sorted(types)]
    made.session_layer(
        "\n".join(
            f'@id("x{number}") forbid (principal, action == Action::"{action}", resource is {name});'
            for number, (action, name) in enumerate(pairs)
        )
    )

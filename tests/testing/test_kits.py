"""Each rule of each kit is the only one that notices the implementation made to break it."""

import importlib

import pytest

from tests.testing.matrix import broken_rules, mutants_of

pytest_plugins = ["pytester"]

MODULES = [f"tests.testing.{kind}_mutants" for kind in ("blob", "record", "protector")]
PARTS = [
    (name, mutants_of(name)[at : at + 25]) for name in MODULES for at in range(0, len(mutants_of(name)), 25)
]


@pytest.mark.parametrize(("name", "mutants"), PARTS, ids=[name for name, _ in PARTS])
def test_each_mutant_breaks_exactly_its_rule(pytester, monkeypatch, name, mutants):
    expected = {"Healthy": set(), **{mutant.__name__: {mutant.breaks} for mutant in mutants}}
    found = broken_rules(pytester, monkeypatch, name, list(expected))
    for mutant in mutants:
        if "[" not in mutant.breaks:  # then any of the rule's parameters may be what notices
            found[mutant.__name__] = {one.partition("[")[0] for one in found[mutant.__name__]}
    assert found == expected


@pytest.mark.parametrize("name", MODULES)
def test_each_rule_has_a_mutant(name):
    contract = importlib.import_module(name).Contract
    rules = {rule for rule in dir(contract) if rule.startswith("test_")}
    assert {mutant.breaks.partition("[")[0] for mutant in mutants_of(name)} == rules

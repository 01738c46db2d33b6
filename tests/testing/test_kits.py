"""Each rule of each kit is the only one that notices the implementation made to break it."""

import importlib

import pytest

from tests.testing.matrix import broken_rules, mutants_of

pytest_plugins = ["pytester"]

MODULES = [f"tests.testing.{kind}_mutants" for kind in ("blob", "record", "protector")]


@pytest.mark.parametrize("name", MODULES)
def test_each_mutant_breaks_exactly_its_rule(pytester, monkeypatch, name):
    module = importlib.import_module(name)
    expected = {"Healthy": set(), **{mutant.__name__: {mutant.breaks} for mutant in mutants_of(module)}}
    found = broken_rules(pytester, monkeypatch, name)
    for mutant in mutants_of(module):
        if "[" not in mutant.breaks:  # then any of the rule's parameters may be what notices
            found[mutant.__name__] = {one.partition("[")[0] for one in found[mutant.__name__]}
    assert found == expected


@pytest.mark.parametrize("name", MODULES)
def test_each_rule_has_a_mutant(name):
    module = importlib.import_module(name)
    rules = {rule for rule in dir(module.Contract) if rule.startswith("test_")}
    assert {mutant.breaks.partition("[")[0] for mutant in mutants_of(module)} == rules

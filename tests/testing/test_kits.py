"""Each rule of each kit is the only one that notices the implementation made to break it."""

import importlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.testing.matrix import broken_rules, mutants_of

PACKAGES = [
    f"tests.testing.{kind}_mutants"
    for kind in ("blob", "record", "protector", "source", "check", "oauth", "capability", "guest")
]
PROCESSES = 2


@pytest.mark.timeout(240)  # the whole contract once a mutant, and some of them hang
@pytest.mark.parametrize("name", PACKAGES)
def test_each_mutant_breaks_exactly_its_rule(name, tmp_path):
    mutants = mutants_of(name)
    expected = {"Healthy": set(), **{mutant.__name__: {mutant.breaks} for mutant in mutants}}

    def run(part):
        folder = tmp_path / str(part)
        folder.mkdir()
        return broken_rules(folder, name, list(expected)[part::PROCESSES])

    with ThreadPoolExecutor(PROCESSES) as pool:
        found = {mutant: rules for part in pool.map(run, range(PROCESSES)) for mutant, rules in part.items()}
    for mutant in mutants:
        if "[" not in mutant.breaks:  # then any of the rule's parameters may be what notices
            found[mutant.__name__] = {one.partition("[")[0] for one in found[mutant.__name__]}
    assert found == expected


@pytest.mark.parametrize("name", PACKAGES)
def test_each_rule_has_a_mutant(name):
    contract = importlib.import_module(name).Contract
    rules = {rule for rule in dir(contract) if rule.startswith("test_")}
    assert {mutant.breaks.partition("[")[0] for mutant in mutants_of(name)} == rules

"""Runs a contract against many implementations, each broken in one way, and says which rules each one breaks."""

import importlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

_RUN = """
from tests.testing.matrix import contracts

globals().update(contracts({module_name!r}))
"""
_RECORD = """
import json
from pathlib import Path

found = {}

def pytest_runtest_logreport(report):
    _, class_name, test = report.nodeid.split("::")
    broken = found.setdefault(class_name.removeprefix("Test"), [])
    if report.failed:
        broken.append(test)

def pytest_sessionfinish():
    Path("found.json").write_text(json.dumps(found))
"""
_QUICKLY = ("-q", "--tb=no", "-rN", "--capture=no", "-p", "no:cacheprovider")


def mutants_of(module) -> list[type]:
    """The classes of *module* that say which rule they break, in order of appearance."""
    return [found for found in vars(module).values() if isinstance(found, type) and "breaks" in vars(found)]


def contracts(module_name: str) -> Iterator[tuple[str, type]]:
    """One test class for each mutant of the module, and one for the healthy implementation."""
    module = importlib.import_module(module_name)
    for subject in (module.Healthy, *mutants_of(module)):
        name = "Healthy" if subject is module.Healthy else subject.__name__
        body = {**module.fixtures(subject), **module.KNOBS, **vars(subject).get("knobs", {})}
        yield f"Test{name}", type(f"Test{name}", (module.Contract,), body)


def broken_rules(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, module_name: str
) -> dict[str, set[str]]:
    """Run every contract of *module_name*; return the names of the failed tests by class."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(entry for entry in sys.path if entry))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeconftest(_RECORD)
    pytester.makepyfile(test_matrix=_RUN.format(module_name=module_name))
    pytester.runpytest_subprocess(*_QUICKLY)
    found = json.loads(Path("found.json").read_text())
    return {name: set(tests) for name, tests in found.items()}

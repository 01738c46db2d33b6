"""Runs a contract against many implementations, each broken in one way, and says which rules each one breaks."""

import importlib
import json
import os
import pkgutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

_RUN = """
from tests.testing.matrix import contracts

globals().update(contracts({package_name!r}, {names!r}))
"""
_RECORD = """
import json
from pathlib import Path
from typing import Any

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


def mutants_of(package_name: str) -> list[Any]:
    """The classes in the package's modules that say which rule they break."""
    package = importlib.import_module(package_name)
    parts = sorted(part.name for part in pkgutil.iter_modules(package.__path__, f"{package_name}."))
    return [
        found
        for part in parts
        for found in vars(importlib.import_module(part)).values()
        if isinstance(found, type) and "breaks" in vars(found)
    ]


def contracts(package_name: str, names: Sequence[str]) -> Iterator[tuple[str, type]]:
    """One test class for each of the implementations *names* of the package."""
    package = importlib.import_module(package_name)
    for subject in (package.Healthy, *mutants_of(package_name)):
        name = "Healthy" if subject is package.Healthy else subject.__name__
        if name in names:
            body = {**package.fixtures(subject), **package.KNOBS, **vars(subject).get("knobs", {})}
            yield f"Test{name}", type(f"Test{name}", (package.Contract,), body)


def broken_rules(folder: Path, package_name: str, names: Sequence[str]) -> dict[str, set[str]]:
    """Run the contract of *package_name* on *names* in *folder*; return the tests that failed for each."""
    (folder / "pytest.ini").touch()  # so that no configuration of an outer folder counts
    (folder / "conftest.py").write_text(_RECORD)
    (folder / "test_matrix.py").write_text(_RUN.format(package_name=package_name, names=names))
    path = os.pathsep.join(entry for entry in sys.path if entry)
    environment = {**os.environ, "PYTHONPATH": path, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "pytest", *_QUICKLY, f"--basetemp={folder / 'temporary'}"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED), done.stdout + done.stderr
    found = json.loads((folder / "found.json").read_text())
    return {name: set(tests) for name, tests in found.items()}

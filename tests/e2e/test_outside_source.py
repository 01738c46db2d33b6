"""What the documentation makes, a secret source, a policy check and so on, installed as any other distribution: each
keeps its contract and is listed."""

from __future__ import annotations

import shutil
from functools import partial

import pytest

from tests.docs.pages import DOCS
from tests.e2e.environments import Environment, build_wheel

PLUGINS = {
    "acme_source": "acme",
    "acme_check": "people_only",
    "acme_adapter": "acme",
    "acme_capability": "shelf",
    "acme_app": "names_app",
    "acme_command": "names_command",
}
NO_STUCK = "the fixture `stuck` returns None"
LEFT_OUT = {
    "acme_source": [NO_STUCK, f"{NO_STUCK}, or a source that may block"],
    "acme_check": [NO_STUCK, f"{NO_STUCK}, or a check that may block"],
    "acme_adapter": ["revokes is True"],
    "acme_capability": ["the fixture `slow` returns None"] * 2,
    "acme_app": [],
    "acme_command": [],
}
"""Rules that do not apply: nobody keeps anybody waiting, nothing takes long, and there is a way to revoke."""


@pytest.fixture(scope="module", params=PLUGINS)
def example(request):
    return request.param


@pytest.fixture(scope="module")
def environment(example, tmp_path_factory):
    folder = tmp_path_factory.mktemp(example)
    made = Environment(folder / "environment")
    made.install(build_wheel(DOCS / "examples" / example, folder))
    return made


@pytest.fixture
def palyra(environment, tmp_path):
    places = ("--state-root", str(tmp_path / "state"), "--config-dir", str(tmp_path / "config"))
    return partial(environment.run, "-m", "palyra_kernel.cli", "--json", *places)


def _state(palyra, plugin):
    listed = palyra("plugins", "list")
    assert listed.code == 0, listed
    return {line["name"]: line["state"] for line in listed.json["plugins"]}[plugin]


def test_it_is_listed_enabled_and_examined(palyra, example):
    plugin = PLUGINS[example]
    assert _state(palyra, plugin) == "not enabled"
    enabled = palyra("plugins", "enable", plugin)
    assert enabled.code == 0, enabled
    assert enabled.json["enabled"]["distribution"] == example.replace("_", "-palyra-")
    assert _state(palyra, plugin) == "enabled"
    assert palyra("plugins", "doctor").json["ok"]


def test_it_keeps_its_contract_where_it_is_installed(environment, example, tmp_path):
    tests = shutil.copytree(
        DOCS / "examples" / example / "tests", tmp_path / "tests"
    )  # without the module beside them
    options = ("-q", "-rs", "-p", "no:cacheprovider", "-W", "error", "--rootdir", tests)
    outcome = environment.run("-m", "pytest", *options, tests, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    assert outcome.code == 0, outcome
    left_out = [line for line in outcome.out.decode().splitlines() if line.startswith("SKIPPED")]
    assert [line.partition(": ")[2] for line in left_out] == LEFT_OUT[example]

"""A plugin from outside the workspace, the twenty lines of the documentation, installed as any other distribution."""

from __future__ import annotations

import hashlib
import json
import os
from functools import partial

import pytest

from tests.docs.pages import DOCS
from tests.e2e.environments import Environment, Outcome, build_wheel

EXAMPLE = DOCS / "examples" / "acme_store"
MODULE = "acme_palyra_store.py"
INFO = "acme_palyra_store-0.1.dist-info"
REF = "global/token"
VALUE = os.urandom(48)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return build_wheel(EXAMPLE, tmp_path_factory.mktemp("wheel"))


@pytest.fixture
def environment(tmp_path, wheel):
    made = Environment(tmp_path / "environment")
    made.install(wheel)
    return made


@pytest.fixture
def palyra(environment, tmp_path):
    """``palyra("secrets", "list")`` in that environment; errors and answers are JSON."""
    places = ("--state-root", str(tmp_path / "state"), "--config-dir", str(tmp_path / "config"))
    return partial(environment.run, "-m", "palyra_kernel.cli", "--json", *places)


@pytest.fixture
def vault(palyra):
    """The command line with a vault that the plugin keeps, and one secret in it."""
    _ok(palyra("init", "--plugin", "acme_store", "--backend", "acme_store"))
    _ok(palyra("secrets", "set", REF, stdin=VALUE))
    return palyra


@pytest.fixture
def record(environment):
    """What a pin should hold of RECORD, as it is now."""
    return lambda: f"sha256:{hashlib.sha256((environment.site / INFO / 'RECORD').read_bytes()).hexdigest()}"


def _ok(outcome: Outcome) -> Outcome:
    assert outcome.code == 0, outcome
    return outcome


def _state(palyra, name="acme_store"):
    return {line["name"]: line["state"] for line in _ok(palyra("plugins", "list")).json["plugins"]}[name]


def _reveal(palyra):
    return palyra("secrets", "get", REF, "--reveal")


def _refused(outcome: Outcome, code: int, name: str) -> str:
    """Insist on this refusal; return its hint."""
    assert outcome.code == code, outcome
    assert outcome.out == b""
    assert outcome.error["code"] == name
    return outcome.error["hint"]


def _pins(tmp_path):
    return json.loads((tmp_path / "config" / "plugins.lock").read_text("utf-8"))


def _acme_pin(tmp_path):
    text = json.dumps(_pins(tmp_path))
    return text


def test_it_is_listed_and_does_nothing_until_it_is_enabled(palyra, tmp_path):
    assert _state(palyra) == "not enabled"
    assert not (tmp_path / "config" / "plugins.lock").exists()
    hint = _refused(palyra("init", "--plugin", "file", "--backend", "acme_store"), 6, "backend_missing")
    assert "palyra plugins enable acme_store" in hint


def test_enabling_pins_its_version_and_its_record(palyra, environment, record, tmp_path):
    shown = _ok(palyra("plugins", "enable", "acme_store")).json["enabled"]
    print(_acme_pin(tmp_path), shown)

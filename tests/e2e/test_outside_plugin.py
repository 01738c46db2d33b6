"""A plugin from outside the workspace, the twenty lines of the documentation, installed as any other distribution."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from functools import partial

import pytest

from tests.docs.pages import DOCS
from tests.e2e.environments import Environment, Outcome, build_wheel

EXAMPLE = DOCS / "examples" / "acme_store"
MODULE = "acme_palyra_store.py"
INFO = "acme_palyra_store-0.1.dist-info"
REF = "global/token"
VALUE = bytes(range(256))


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


def _state(palyra):
    listed = _ok(palyra("plugins", "list")).json["plugins"]
    return {line["name"]: line["state"] for line in listed}["acme_store"]


def _reveal(palyra):
    return palyra("secrets", "get", REF, "--reveal")


def _value(palyra):
    return base64.b64decode(_ok(_reveal(palyra)).json["base64"])


def _refused(outcome: Outcome, code: int, name: str) -> str:
    """Insist on this refusal; return its hint."""
    assert outcome.code == code, outcome
    assert outcome.out == b""
    assert outcome.error["code"] == name
    return str(outcome.error["hint"])


def _pin(tmp_path):
    """What the lock says about the plugin."""
    lock = json.loads((tmp_path / "config" / "plugins.lock").read_text("utf-8"))
    (pin,) = [pin for pin in lock["document"]["plugins"] if pin["name"] == "acme_store"]
    return pin


def test_it_is_listed_and_may_do_nothing_until_it_is_enabled(palyra, tmp_path):
    assert _state(palyra) == "not enabled"
    assert not (tmp_path / "config" / "plugins.lock").exists()
    hint = _refused(palyra("init", "--plugin", "file", "--backend", "acme_store"), 6, "backend_missing")
    assert "palyra plugins enable acme_store" in hint
    assert _state(palyra) == "not enabled"


def test_enabling_pins_its_version_and_its_record(palyra, environment, record, tmp_path):
    shown = _ok(palyra("plugins", "enable", "acme_store")).json["enabled"]
    pin = _pin(tmp_path)
    assert shown == pin
    assert (pin["distribution"], pin["version"]) == ("acme-palyra-store", "0.1")
    assert (pin["record"], pin["path"]) == (record(), str(environment.site / INFO))
    assert _state(palyra) == "enabled"
    assert _ok(palyra("plugins", "doctor")).json["ok"]


def test_it_keeps_secrets(vault, tmp_path):
    assert _value(vault) == VALUE
    assert _ok(vault("vault", "status")).json["backend"] == "acme_store"
    assert _ok(vault("vault", "verify")).json == {"ok": True, "secrets": 1, "findings": []}
    assert (tmp_path / "state" / "objects" / "acme.db").exists()
    _ok(vault("secrets", "rm", REF, "--yes"))
    _refused(_reveal(vault), 3, "deleted")


def test_it_keeps_its_contract_where_it_is_installed(environment, tmp_path):
    tests = shutil.copytree(EXAMPLE / "tests", tmp_path / "tests")  # without the module beside them
    options = ("-q", "-p", "no:cacheprovider", "-W", "error", "--rootdir", tests)
    outcome = environment.run("-m", "pytest", *options, tests, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    assert _ok(outcome).out.decode().splitlines()[-1].split()[1] == "passed"  # and nothing left out


def test_an_upgrade_that_nobody_enabled_stops_everything(vault, environment, record, tmp_path):
    enabled = record()
    environment.upgrade(INFO, MODULE, b"64 * 1024", b"65 * 1024")
    assert record() != enabled
    for command in (("secrets", "get", REF, "--reveal"), ("secrets", "list"), ("vault", "verify")):
        hint = _refused(vault(*command), 8, "plugin_changed")
        assert "palyra plugins enable acme_store" in hint
    assert _state(vault) == "changed"
    examined = vault("plugins", "doctor")
    assert (examined.code, examined.json["ok"]) == (9, False)
    assert [each["code"] for each in examined.json["findings"] if each["severity"] == "error"] == [
        "plugin_changed"
    ]
    assert _pin(tmp_path)["record"] == enabled  # looking is no consent


def test_enabling_again_is_consent_to_the_upgrade(vault, environment, record, tmp_path):
    environment.upgrade(INFO, MODULE, b"64 * 1024", b"65 * 1024")
    _ok(vault("plugins", "disable", "acme_store"))
    assert _state(vault) == "not enabled"
    hint = _refused(_reveal(vault), 6, "backend_missing")
    assert "palyra plugins enable acme_store" in hint
    _ok(vault("plugins", "enable", "acme_store"))
    assert _pin(tmp_path)["record"] == record()
    assert _value(vault) == VALUE
    _ok(vault("plugins", "doctor"))


def test_when_it_is_gone_no_other_backend_steps_in(vault, environment, wheel, tmp_path):
    _ok(vault("plugins", "enable", "file"))
    before = _files(tmp_path / "state")
    environment.uninstall(INFO)
    reads, writes = ("secrets", "get", REF, "--reveal"), ("secrets", "set", REF)
    for command in (reads, writes, ("vault", "verify")):
        hint = _refused(vault(*command, stdin=b"new"), 6, "plugin_missing")
        assert "acme-palyra-store" in hint
    assert _state(vault) == "missing"
    for command in (reads, writes):
        _refused(vault("-p", "file", *command, stdin=b"new"), 6, "backend_missing")
    _ok(vault("plugins", "disable", "acme_store"))
    for command in (reads, writes):
        _refused(vault(*command, stdin=b"new"), 6, "backend_missing")
    assert _files(tmp_path / "state") == before

    environment.install(wheel)
    _ok(vault("plugins", "enable", "acme_store"))
    assert _value(vault) == VALUE
    _ok(vault("vault", "verify"))


def _files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))

"""``docs/plugin-author.md``: its example is the tested one, and nothing that an author meets is missing."""

from __future__ import annotations

import inspect
import re
from importlib.util import module_from_spec, spec_from_file_location
from typing import get_args, get_type_hints

import msgspec
import pytest

from palyra_kernel import ActionRequest, CheckPlace, DurableDatabase, SourcePlace, hookspecs, testing
from palyra_kernel.contracts import BlobBackend, BlobCapabilities, KeyProtector, RecordStore
from palyra_kernel.contracts.apps import AsgiApp
from palyra_kernel.contracts.blobs import PROBE_SECONDS
from palyra_kernel.contracts.capabilities import Capability
from palyra_kernel.contracts.checks import PolicyCheck
from palyra_kernel.contracts.commands import Command
from palyra_kernel.contracts.listeners import Listener
from palyra_kernel.contracts.oauth import FailureKind, OAuthRefreshAdapter, Preflight
from palyra_kernel.contracts.sources import ErrorKind, SecretError, SecretSource, SourceCapabilities
from palyra_kernel.plugins import guard_blobs, guard_checks, threads
from palyra_kernel.testing import (
    BlobBackendContract,
    CapabilityContract,
    OAuthRefreshAdapterContract,
    PolicyCheckContract,
    SecretSourceContract,
    action_request,
)
from palyra_kernel.testing.oauth.base import TERMINAL
from palyra_kernel.values import Deadline
from tests.docs.pages import DOCS, blocks, page, section, table_rows

PAGE = page("plugin-author.md")
EXAMPLES = {
    "acme_palyra_store.py": (DOCS / "examples" / "acme_store", "## A complete backend"),
    "acme_palyra_source.py": (DOCS / "examples" / "acme_source", "## A secret source in twenty lines"),
    "acme_palyra_check.py": (DOCS / "examples" / "acme_check", "## A policy check in twenty lines"),
    "acme_palyra_adapter.py": (DOCS / "examples" / "acme_adapter", "## An adapter in twenty lines"),
    "acme_palyra_capability.py": (DOCS / "examples" / "acme_capability", "## A capability in twenty lines"),
    "acme_palyra_app.py": (DOCS / "examples" / "acme_app", "## An app in twenty lines"),
    "acme_palyra_command.py": (DOCS / "examples" / "acme_command", "## A command in twenty lines"),
}
FILES = ("pyproject.toml", "tests/test_contract.py")
HOOKS = [name for name in vars(hookspecs) if name.startswith("palyra_")]
CONTRACTS = {
    "BlobBackend": BlobBackend,
    "RecordStore": RecordStore,
    "KeyProtector": KeyProtector,
    "SecretSource": SecretSource,
    "PolicyCheck": PolicyCheck,
    "OAuthRefreshAdapter": OAuthRefreshAdapter,
    "Capability": Capability,
    "AsgiApp": AsgiApp,
    "Listener": Listener,
    "Command": Command,
}
CAPABILITIES = {"### Capabilities": BlobCapabilities, "### SourceCapabilities": SourceCapabilities}


def _arguments(function):
    return ", ".join(name for name in inspect.signature(function).parameters if name not in ("self", "cls"))


@pytest.mark.parametrize(("module", "name"), [(each, name) for each in EXAMPLES for name in (each, *FILES)])
def test_the_example_is_the_file(module, name):
    folder, heading = EXAMPLES[module]
    text = section(PAGE, heading).partition(f"\n`{name}`\n")[2]
    assert text, f"the page does not show {name}"
    shown = blocks(text, "toml" if name.endswith(".toml") else "python")[0]
    assert shown == (folder / name).read_text("utf-8")


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_takes_twenty_lines(name):
    folder, heading = EXAMPLES[name]
    lines = [line for line in (folder / name).read_text("utf-8").splitlines() if line.strip()]
    assert len(lines) <= 20
    assert f"the module has {len(lines)} lines that are not blank" in " ".join(
        section(PAGE, heading).lower().split()
    )


def _module(name):
    spec = spec_from_file_location(name.removesuffix(".py"), EXAMPLES[name][0] / name)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class TestExample(BlobBackendContract):
    """The example keeps the contract. (Its own test is run where it is installed.)"""

    many = 200

    @pytest.fixture
    def backend(self, place):
        return _module("acme_palyra_store.py").AcmeStore.open(place)


class TestSourceExample(SecretSourceContract):
    """The same for the source."""

    absent = "acme://nothing-here"
    malformed = ("acme://name?no=query",)

    @pytest.fixture
    def settings(self, tmp_path):
        return {"safe": str(tmp_path / "safe.db")}

    @pytest.fixture
    def source(self, settings):
        return _module("acme_palyra_source.py").AcmeSource.open(SourcePlace(settings=settings))

    @pytest.fixture
    def store(self, source):
        def put(name, value):
            with source.transaction(Deadline.after(10)) as db:
                db.execute("INSERT OR REPLACE INTO safe VALUES (?, ?)", [name, value])
            return f"acme://{name}"

        return put


class TestCheckExample(PolicyCheckContract):
    """And for the check."""

    @pytest.fixture
    def settings(self):
        return {"labels": ["env=prod"]}

    @pytest.fixture
    def check(self, settings):
        return _module("acme_palyra_check.py").PeopleOnly.open(CheckPlace(settings=settings))

    @pytest.fixture
    def objected(self):
        return [action_request(principal="agent:planner", labels=("env=prod",))]

    @pytest.fixture
    def unobjected(self):
        return [action_request(labels=("env=prod",)), action_request(skill="mail")]


class TestAdapterExample(OAuthRefreshAdapterContract):
    """And for the adapter."""

    @pytest.fixture
    def adapter(self):
        return _module("acme_palyra_adapter.py").Acme()


class TestCapabilityExample(CapabilityContract):
    """And for the capability."""

    @pytest.fixture
    def settings(self, tmp_path):
        return {"folder": str(tmp_path)}

    @pytest.fixture
    def capability(self, place):
        return _module("acme_palyra_capability.py").Shelf.open(place)

    @pytest.fixture
    def good(self):
        return [b"{}"]

    @pytest.fixture
    def bad(self):
        return [b"[]", b'{"folder":"/"}', b"null"]


def test_every_hook_has_a_heading_with_its_arguments():
    headings = re.findall(r"^### (palyra_\w+\(.*\))$", PAGE, re.MULTILINE)
    assert headings == [f"{name}({_arguments(getattr(hookspecs, name))})" for name in HOOKS]


@pytest.mark.parametrize("name", CONTRACTS)
def test_every_method_of_a_contract_is_listed_with_its_arguments(name):
    listed = {
        cell.strip("`")
        for row in table_rows(section(PAGE, f"## {name}"))
        for cell in row[0].split(", ")
        if "(" in row[0] or cell
    }
    listed = {row[0].strip("`") for row in table_rows(section(PAGE, f"## {name}"))} | listed
    for method, found in vars(CONTRACTS[name]).items():
        function = found.__func__ if isinstance(found, classmethod) else found
        if inspect.isfunction(function) and not method.startswith("_"):
            assert f"{method}({_arguments(function)})" in listed


@pytest.mark.parametrize("name", CONTRACTS)
def test_every_attribute_of_a_contract_is_named(name):
    text = section(PAGE, f"## {name}")
    for attribute in CONTRACTS[name].__annotations__:
        assert f"`{attribute}`" in text or f"by `{attribute}`" in PAGE


def test_the_room_of_the_example_is_called_as_the_page_says():
    shown = inspect.signature(DurableDatabase)
    bare = [each.replace(annotation=each.empty) for each in shown.parameters.values()]
    assert f"`DurableDatabase{inspect.Signature(bare)}`" in PAGE
    text = section(PAGE, "## Threads, processes, fork")
    for name, found in vars(DurableDatabase).items():
        if inspect.isfunction(found) and not name.startswith("_"):
            assert f"`{name}" in text, name


def test_what_is_inherited_is_concrete():
    """The page promises that a backend needs no probe and a store no check of its own."""
    inherited = {"probe": "Inherited", "check": "Optional"}
    for row in table_rows(section(PAGE, "## BlobBackend")):
        method = row[0].strip("`").partition("(")[0]
        if method in vars(BlobBackend):
            assert (method in inherited) == (method not in BlobBackend.__abstractmethods__)
            assert row[1].startswith(inherited.get(method, ""))


@pytest.mark.parametrize("heading", CAPABILITIES)
def test_every_capability_is_listed(heading):
    text = section(PAGE, heading)
    assert [row[0].strip("`") for row in table_rows(text)] == list(CAPABILITIES[heading].__struct_fields__)


def test_the_defaults_of_a_source_are_right():
    shown = ", ".join(
        f"{name}={value!r}" for name, value in msgspec.structs.asdict(SourceCapabilities()).items()
    )
    assert f"`SourceCapabilities({shown})`".replace("'", '"') in PAGE


def test_every_kind_and_field_of_a_secret_error_is_listed():
    text = section(PAGE, "### SecretError")
    assert [row[0].strip("`") for row in table_rows(text)] == list(get_args(ErrorKind))
    for name in SecretError.__struct_fields__:
        assert f"`{name}`" in text or f"{name}=…" in text


def test_what_a_source_inherits_is_concrete():
    for row in table_rows(section(PAGE, "## SecretSource")):
        method = row[0].strip("`").partition("(")[0]
        if "(" in row[0] and method in vars(SecretSource):
            inherited = "Inherited" in row[1] or method == "close"
            assert inherited == (method not in SecretSource.__abstractmethods__), method


def test_what_a_check_inherits_is_concrete():
    for row in table_rows(section(PAGE, "## PolicyCheck")):
        method = row[0].strip("`").partition("(")[0]
        if "(" in row[0]:
            assert ("Inherited" in row[1]) == (method not in PolicyCheck.__abstractmethods__), method


def test_what_an_adapter_inherits_is_concrete():
    for row in table_rows(section(PAGE, "## OAuthRefreshAdapter")):
        method = row[0].strip("`").partition("(")[0]
        if "(" in row[0]:
            assert ("Inherited" in row[1]) == (method not in OAuthRefreshAdapter.__abstractmethods__), method


def test_what_a_capability_inherits_is_concrete():
    for row in table_rows(section(PAGE, "## Capability")):
        method = row[0].strip("`").partition("(")[0]
        if "(" in row[0]:
            assert ("Inherited" in row[1]) == (method not in Capability.__abstractmethods__), method


def test_every_word_that_an_adapter_answers_with_is_named():
    text = section(PAGE, "## OAuthRefreshAdapter")
    outcomes = get_args(get_type_hints(Preflight)["outcome"])
    for word in (
        *get_args(FailureKind),
        *outcomes,
        "active",
        "inactive",
        "unknown",
        "plugin_failed",
        *TERMINAL,
    ):
        assert f"`{word}`" in text, word


def test_every_fact_of_a_request_is_named():
    text = section(PAGE, "## PolicyCheck")
    for name in ActionRequest.__struct_fields__:
        assert f"`{name}`" in text, name


def test_every_reason_of_the_guard_is_named():
    text = section(PAGE, "## PolicyCheck")
    own = (guard_checks.FAILED, guard_checks.WRONG_ANSWER, guard_checks.LATE, guard_checks.CLOSED)
    for reason in (*own, "circuit_open", "no_thread"):
        assert f"`{reason}`" in text, reason


def test_every_kit_and_knob_is_listed():
    rows = {row[0].strip("`"): row for row in table_rows(section(PAGE, "## The contract kits"))}
    kits = [name for name in testing.__all__ if name.endswith("Contract")]
    assert sorted(rows) == sorted(kits)
    for name in kits:
        for base in getattr(testing, name).__mro__:
            for knob in vars(base).get("__annotations__", {}):
                assert f"`{knob}`" in rows[name][2], f"{name}.{knob}"


def test_the_doubles_are_named():
    text = section(PAGE, "## The contract kits")
    for name in testing.__all__:
        assert f"`{name}`" in text


def test_the_numbers_of_the_guard_are_right():
    text = " ".join(section(PAGE, "## Deadlines").split())
    patience = int(guard_blobs.PATIENCE_SECONDS)
    assert f"get {patience} seconds, `check` {10 * patience}, `probe` {int(PROBE_SECONDS)}" in text
    assert threads.STUCK_LIMIT == 4
    assert "Four abandoned calls" in text

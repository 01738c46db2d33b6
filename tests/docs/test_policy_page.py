"""``docs/policy.md``: what it says is what the policies of the kernel are."""

from __future__ import annotations

import re
import sys

import pytest

from palyra_kernel.policy import codes, rules
from palyra_kernel.policy.bounds import MAX_BUNDLE_BYTES, MAX_DEPTH, MAX_LAYER_BYTES
from palyra_kernel.policy.bundle import Bundle
from palyra_kernel.policy.bundle.data import Data
from palyra_kernel.policy.cases import Case, read_cases, run_cases
from palyra_kernel.policy.engine import PolicyEngine
from palyra_kernel.policy.question import MAX_CONTEXT_BYTES
from palyra_kernel.policy.schema import PRINCIPAL_TYPES, RESOURCE_TYPES
from tests.docs.pages import blocks, page, section, table_rows
from tests.docs.sessions import normal, ran

PAGE = page("policy.md")
DEFAULT = Bundle.default()


def named(text):
    """Everything that stands in backquotes."""
    return set(re.findall(r"`([^`]+)`", text))


def first_column(heading):
    return named("".join(row[0] for row in table_rows(section(PAGE, heading))))


def with_rules(text, data=None):
    return Bundle(DEFAULT.files | {"organisation-2.cedar": text} | ({"bundle.toml": data} if data else {}))


@pytest.mark.skipif(sys.platform == "win32", reason="a session of sh")
def test_the_session_is_what_happens(tmp_path):
    """Hazard U17: no documented example was ever run."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    (shown,) = blocks(PAGE, "console")
    assert ran(shown, home) == normal(shown)


def test_the_rules_load():
    (text,) = blocks(PAGE, "cedar")
    loaded = with_rules(text, blocks(PAGE, "toml")[0])
    assert {"nobody-destroys-at-night", "ops-read-dev", "two-admins-rekey"} <= {
        rule.id for rule in loaded.rules
    }
    assert loaded.facts.data.allowed_tools == ("echo", "http.fetch")


def test_the_cases_pass():
    cases = read_cases(blocks(PAGE, "toml")[1], "the page")
    assert run_cases(PolicyEngine(DEFAULT), cases).failed == ()


def test_every_field_of_a_case_is_named():
    text = section(PAGE, "## Tests of policies")
    for name in set(Case.__struct_fields__) - {"name"}:
        assert f"`{name}`" in text or f"\n{name} = " in text, name


def test_every_list_is_in_the_table():
    assert first_column("## What decides") >= set(Data.__struct_fields__)


def test_every_annotation_is_in_the_table():
    listed = {word for word in first_column("## Rules") if word.startswith("@")}
    assert listed == {f"@{name}" for name in rules._ANNOTATIONS}


def test_every_type_is_in_a_table():
    listed = named("".join(row[0] for row in table_rows(section(PAGE, "### What rules can speak of"))))
    assert set(PRINCIPAL_TYPES.values()) | set(RESOURCE_TYPES.values()) <= listed


def test_every_fact_is_in_the_table_and_may_be_absent_or_not():
    (body,) = re.findall(r"type Request = \{(.*?)\n\};", DEFAULT.schema, re.DOTALL)
    declared = {name: bool(absent) for name, absent in re.findall(r"^  (\w+)(\??):", body, re.MULTILINE)}
    rows = {
        row[0]: row[1]
        for row in table_rows(section(PAGE, "### What rules can speak of"))
        if "context." in row[0]
    }
    assert {
        name.strip("`").removeprefix("context."): "absent" in kind for name, kind in rows.items()
    } == declared


def test_every_action_is_in_the_table_with_its_groups():
    table = {}
    for first, actions in table_rows(section(PAGE, "### Actions")):
        for group in named(first):
            table[group] = named(actions)
    listed = set().union(*table.values()) | table.keys()
    assert set(DEFAULT.actions.below) <= listed
    for action in ("trust", "use", "administration"):
        assert DEFAULT.actions.below[action] <= table[action]


def test_every_code_is_in_the_table():
    listed = first_column("## Codes")
    constants = {value for name, value in vars(codes).items() if name.isupper() and isinstance(value, str)}
    used = {rule.code for rule in DEFAULT.rules} | constants - {codes.CHECK}
    assert used <= listed
    assert listed - {"policy.deny.check:NAME:REASON"} <= codes._WORDS.keys()


def test_the_limits_are_those():
    text = section(PAGE, "### Limits")
    assert MAX_BUNDLE_BYTES == 1024 * 1024
    assert "1 MiB" in text
    for number in (
        f"{MAX_LAYER_BYTES // 1024} KiB",
        f"at most {MAX_DEPTH} deep",
        f"{MAX_CONTEXT_BYTES // 1024} Ki characters",
    ):
        assert number in text


@pytest.mark.parametrize(("parts", "loads"), [(250, True), (2_000, False)])
def test_a_chain_has_a_few_hundred_parts(parts, loads):
    chain = " || ".join(f'context.session == "{number}"' for number in range(parts))
    text = f'@id("chain") forbid (principal, action, resource) when {{ {chain} }};'
    if loads:
        assert with_rules(text)
        return
    with pytest.raises(Exception, match="too many parts"):
        with_rules(text)

"""``docs/sessions.md``: its commands and programs are run, and who may do what is asked of real sessions."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from palyra_kernel import Kernel, cli
from palyra_kernel.access.member import ROLES, Grants
from palyra_kernel.access.system import system_principal
from palyra_kernel.plugins.manage import enable
from palyra_kernel.session.who import Facts, Who
from palyra_kernel.values.decisions import Allow, RequireApproval
from palyra_kernel.values.principals import PRINCIPAL_KINDS
from tests.docs.pages import blocks, page, section, table_rows
from tests.docs.sessions import normal, ran

PAGE = page("sessions.md")
CLI = Path(cli.__file__).parent
ME = str(system_principal())
READS = ("SecretsRead",)
CHANNEL = "channel:slack:T1"
WHO: dict[str, list[tuple[str, Grants, Facts]]] = {
    "Owner": [(ME, Grants(), {})],
    "another user": [
        ("user:other", Grants(), {}),
        ("user:operator", Grants(roles=("Operator",), workspaces=("lab",)), {"workspace": "lab"}),
        ("user:admin", Grants(roles=("Admin",), workspaces=("lab",)), {"workspace": "lab"}),
    ],
    "a tool of an Owner": [(ME, Grants(), {"tool": "shell"})],
    "a tool of an Owner with `SecretsRead`": [
        ("user:rich", Grants(roles=("Owner",), capabilities=READS), {"tool": "shell"})
    ],
    "agent, device, token, service": [
        (f"{kind}:plain", Grants(), {}) for kind in ("agent", "device", "token", "service")
    ],
    "the same with `SecretsRead`": [
        (f"{kind}:reader", Grants(capabilities=READS), {}) for kind in ("agent", "device", "token", "service")
    ],
    "channel, with a voucher": [
        (CHANNEL, Grants(), {"vouched_by": ME}),
        (CHANNEL, Grants(), {"vouched_by": "service:gateway"}),
    ],
    "channel, without": [(CHANNEL, Grants(), {}), (CHANNEL, Grants(), {"vouched_by": "agent:plain"})],
}


@pytest.mark.skipif(sys.platform != "linux", reason="a session of sh")
def test_the_sessions_are_what_happens(tmp_path):
    """Hazard U17: no documented example was ever run."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    shown = "".join(blocks(PAGE, "console"))
    assert ran(shown, home) == normal(shown)


def test_the_programs_run(places, monkeypatch, capsys):
    with places.create() as kernel:
        kernel.vault.put("db", b"value")
        kernel.vault.put("openai_api_key", b"a marked one")
        with kernel.session(ME) as session:
            session.principals.grant("agent:planner", Grants(capabilities=READS))
    enable(places.config_dir, "file")
    monkeypatch.setenv("PALYRA_STATE_ROOT", str(places.state_root))
    monkeypatch.setenv("PALYRA_CONFIG_DIR", str(places.config_dir))
    for code in blocks(PAGE, "python"):
        exec(code, {})  # the page's own
    assert capsys.readouterr().out.split("\n") == [
        *("5", "resolved", "tool.execute.tool_not_allowlisted", "secret.write.tool_session"),
        *("secret.read.approval_required pending", "12", "secret.read.approval_required", ""),
    ]


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    from tests.support import Places

    with Places(tmp_path_factory.mktemp("page")).create() as kernel:
        with kernel.session(ME) as session:
            session.principals.grant("service:gateway", Grants(speaks_for=(CHANNEL,)))
            for who, grants, _ in (each for cases in WHO.values() for each in cases):
                session.principals.grant(who, grants)
        yield kernel


@pytest.mark.parametrize(
    "row", table_rows(section(PAGE, "## What they may, unless you say otherwise")), ids=lambda row: row[0]
)
def test_the_defaults_are_as_shown(kernel: Kernel, row):
    """Hazards P9, S13, S16: vault actions were permitted to any principal on any resource, in any scope."""
    for who, _, facts in WHO[row[0]]:
        own = who if who.startswith("channel") else f"principal:{who}"
        asked = (
            ("secret.read", "secret:global/db"),
            ("secret.read", "secret:global/openai_api_key"),
            ("secret.read", f"secret:{own}/x"),
            ("secret.read", "secret:principal:nobody-here/x"),
            ("secret.write", "secret:global/db"),
            ("principal.grant", "principal:user:1"),
        )
        with kernel.session(who, **facts) as session:
            answers = [session.decide(*each) for each in asked]
        shown = [
            "yes"
            if isinstance(each, Allow)
            else "a human decides"
            if isinstance(each, RequireApproval)
            else "no"
            for each in answers
        ]
        assert shown == row[1:], who


def test_what_opens_a_vault_acts_in_a_session_or_is_listed():
    """Hazard S19: some doors asked nobody and wrote nothing down; a new command is one of those unless it is told."""
    unasked = {
        name.strip("` ").removeprefix("palyra ").removeprefix("vault ")
        for row in table_rows(section(PAGE, "## What is not asked"))
        for name in row[0].split(",")
    }
    passing = set()
    for path in CLI.rglob("*.py"):
        functions = [
            each for each in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(each, ast.FunctionDef)
        ]
        called = {function.name: set(calls(function)) for function in functions}
        for name, names in called.items():
            beyond = names.union(*(called[each] for each in names & called.keys()))
            if names & {"kernel", "restore"} and not beyond & {"session", "acting"}:
                passing.add(name.strip("_").replace("_", "-").replace("verify-vault", "audit verify"))
    assert passing
    assert passing <= unasked


def calls(function: ast.FunctionDef) -> Iterator[str]:
    """The names of what *function* calls."""
    for each in ast.walk(function):
        if isinstance(each, ast.Call):
            yield each.func.attr if isinstance(each.func, ast.Attribute) else getattr(each.func, "id", "")


def test_everybody_is_in_the_table_above():
    rows = table_rows(section(PAGE, "## What they may, unless you say otherwise"))
    assert [row[0] for row in rows] == list(WHO)


def test_every_kind_of_principal_and_grant_is_listed():
    rows = " ".join(row[0] for row in table_rows(section(PAGE, "## Who acts")))
    for kind in PRINCIPAL_KINDS:
        assert f"`{kind}:" in rows
    for role in ROLES:
        assert role in rows
    for option in ("role", "workspace", "group", "speaks-for", "capability"):
        assert f"`--{option} " in rows
    assert len(Grants.__struct_fields__) == 5


def test_every_fact_of_a_session_is_listed():
    listed = " ".join(row[0] for row in table_rows(section(PAGE, "## From Python")))
    for name in {*Who.__struct_fields__, "policies"} - {"principal"}:
        assert f"`{name}`" in listed, name

"""The other verbs of ``palyra secrets``: list, rm, undelete, destroy, history, rollback."""

from __future__ import annotations

import json

import click
import pytest

from palyra_kernel.cli.app import app
from tests.cli.conftest import OWN


def names(outcome):
    return [secret["ref"].removeprefix("vault://") for secret in outcome.json["secrets"]]


def test_list_is_sorted_and_filtered(call):
    for ref, label in (("b", "x"), ("a", "y"), ("ab/c", "x"), (f"{OWN}/z", "x")):
        call.set(ref, b"1", "--label", f"l={label}")
    assert names(call("secrets", "list", "--json")) == ["global/a", "global/ab/c", "global/b"]
    assert names(call("secrets", "list", "--prefix", "a", "--json")) == ["global/a", "global/ab/c"]
    assert names(call("secrets", "list", "--label", "l=x", "--json")) == ["global/ab/c", "global/b"]
    assert names(call("secrets", "list", OWN, "--json")) == [f"{OWN}/z"]
    assert len(names(call("secrets", "list", "--all-scopes", "--json"))) == 4
    rows = call("secrets", "list").text.splitlines()
    assert [row.split()[0] for row in rows] == ["Secret", "global/a", "global/ab/c", "global/b"]


def test_an_empty_list_says_so_beside_the_output(call):
    outcome = call("secrets", "list")
    assert (outcome.code, outcome.out, outcome.err) == (0, b"", "no secrets\n")
    assert call("secrets", "list", "--json").json == {"secrets": [], "next_cursor": None}


def test_pages_reach_every_one_of_2500(call):
    """Hazard U8: a list stopped at 1,000 without a word; the next secret could not be deleted."""
    path = call.base / "many.json"
    path.write_text(json.dumps({f"key{number}": str(number) for number in range(2500)}))
    assert call("secrets", "import", str(path), "--yes").code == 0
    assert len(names(call("secrets", "list", "--json"))) == 2500
    seen: list[str] = []
    cursor: tuple[str, ...] = ()
    while True:
        page = call("secrets", "list", "--json", "--limit", "999", *cursor)
        seen += names(page)
        if page.json["next_cursor"] is None:
            break
        cursor = ("--cursor", page.json["next_cursor"])
    assert len(seen) == len(set(seen)) == 2500
    assert call("secrets", "rm", seen[-1], "--yes").code == 0


def test_a_page_for_people_names_the_next_command(call):
    for ref in "abc":
        call.set(ref, b"1")
    outcome = call("secrets", "list", "--limit", "2")
    cursor = outcome.err.removeprefix("more: --cursor ").strip()
    assert len(outcome.text.splitlines()) == 3
    assert len(call("secrets", "list", "--limit", "2", "--cursor", cursor).text.splitlines()) == 2


@pytest.mark.parametrize(
    "options", [("global", "--all-scopes"), ("--limit", "0"), ("nope:x",), ("kernel:ca",)]
)
def test_wrong_lists_are_refused(call, options):
    assert call("secrets", "list", *options).code == 2


def test_rm_asks_and_undelete_brings_back(call, prompts):
    """Hazard S17: nothing was asked before a secret was deleted."""
    call.set("a", b"1")
    assert call("secrets", "rm", "a").code == 2
    prompts.append("n")
    assert call("secrets", "rm", "a", terminal=True).code == 130
    assert call.reveal("a") == b"1"
    prompts.append("y")
    assert call("secrets", "rm", "a", terminal=True).code == 0
    assert call("secrets", "get", "a").code == 3
    assert call("secrets", "list", "--json").json["secrets"] == []
    (gone,) = call("secrets", "list", "--deleted", "--json").json["secrets"]
    assert gone["state"] == "deleted"
    assert call("secrets", "rm", "a", "--yes").code == 3
    assert call("secrets", "undelete", "a").code == 0
    assert call.reveal("a") == b"1"
    assert call("secrets", "undelete", "a").code == 7
    assert call("secrets", "undelete", "nothing").code == 3


def test_rm_of_nothing_or_of_another_version(call, prompts):
    assert call("secrets", "rm", "nothing", terminal=True).code == 3
    call.set("a", b"1")
    assert call("secrets", "rm", "a", "--yes", "--expect-version", "2").code == 7
    assert call("secrets", "rm", "a", "--yes", "--expect-version", "1", "--json").json["deleted"] is True


def test_destroy_asks_and_destroys_for_ever(call, prompts):
    for value in (b"1", b"2", b"3"):
        call.set("a", value)
    assert call("secrets", "destroy", "a").code == 2
    assert call("secrets", "destroy", "nothing", terminal=True).code == 3
    prompts.append("y")
    outcome = call("secrets", "destroy", "a", "--version", "1", "--version", "2", terminal=True, stdin=b"")
    assert outcome.code == 0
    states = [version["state"] for version in call("secrets", "history", "a", "--json").json["versions"]]
    assert states == ["current", "destroyed", "destroyed"]
    assert call("secrets", "get", "a?version=1", "--reveal").code == 3
    assert call.reveal("a") == b"3"
    assert call("secrets", "destroy", "a", "--version", "9", "--yes").code == 3
    assert call("secrets", "destroy", "a", "--yes", "--json").json["destroyed"] == 1
    assert call("secrets", "history", "a").code == 3


def test_history_and_rollback(call):
    call.set("a", b"one", "--content-type", "text/plain")
    call.set("a", b"two")
    assert call("secrets", "rollback", "a", "--to", "1", "--json").json["version"] == 3
    assert call.reveal("a") == b"one"
    lines = call("secrets", "history", "a").text.splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [["3", "current"], ["2", "kept"], ["1", "kept"]]
    assert call("secrets", "rollback", "a", "--to", "9").code == 3
    assert call("secrets", "rollback", "a").code == 2


def test_every_verb_and_option_is_described(bare):
    """Hazard U11: nine of ten verbs had no help."""
    verbs = [
        "set",
        "get",
        "list",
        "rm",
        "undelete",
        "destroy",
        "history",
        "rollback",
        "import",
        "export",
        "audit",
        "migrate",
    ]
    commands = [app.get_command(click.Context(app), name) for name in ("init", "run", "secrets")]
    secrets = commands[-1]
    assert isinstance(secrets, click.Group)
    assert secrets.list_commands(click.Context(secrets)) == verbs
    for found in (*commands[:-1], *(secrets.get_command(click.Context(secrets), verb) for verb in verbs)):
        assert found is not None
        assert found.help
        assert "Example" in (found.epilog or "")
        assert [
            option.name for option in found.params if isinstance(option, click.Option) and not option.help
        ] == []
        words = (found.name,) if found in commands else ("secrets", found.name)
        assert bare(*words, "--help").code == 0


@pytest.mark.parametrize("arguments", [("get", "x"), ("nope",), ("get",), ("rm", "x")])
def test_errors_are_json_under_either_flag(call, arguments):
    """Hazard U11: `--json` did not cover errors."""
    for line in (("--json", "secrets", *arguments), ("secrets", *arguments, "--json")):
        outcome = call(*line)
        assert outcome.code in (2, 3)
        assert set(outcome.error) == {"kind", "code", "message", "hint"}
        assert outcome.out == b""

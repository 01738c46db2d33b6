"""Rules for every command that there is, found by walking the tree of them: a new one cannot be forgotten."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest

from palyra_kernel.cli.app import app


def _leaves(group: click.Group, *words: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        assert found is not None
        if isinstance(found, click.Group):
            yield from _leaves(found, *words, name)
        else:
            yield (*words, name), found


VERBS = dict(_leaves(app))
_WITH_EXAMPLES = {
    "init",
    "secrets",
    "run",
    "render",
    "resolve",
    "explain",
    "credential",
    "audit",
    "approvals",
    "policy",
    "auth",
    "pairing",
    "devices",
    "nodes",
    "ca",
}
"""The first words of verbs that take names, references or files; the others do what their name says."""


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_every_verb_and_option_is_described(bare, words):
    """Hazard U11: nine of ten verbs had no help."""
    command = VERBS[words]
    assert command.help
    assert "Example" in (command.epilog or "") or words[0] not in _WITH_EXAMPLES
    options = [option for option in command.params if isinstance(option, click.Option)]
    assert [option.name for option in options if not option.help] == []
    assert bare(*words, "--help").code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("resolve", "no such"),
        ("resolve", "--table", "none.json"),
        ("explain", "a b"),
        ("run", "--env", "X=gone", "--", "true"),
        ("run", "--env-file", "none.env", "--", "true"),
        ("render", "none.template", "--out", "out"),
    ],
    ids=" ".join,
)
def test_errors_of_references_are_json(call, arguments, monkeypatch):
    """Hazard U11: `--json` did not cover errors."""
    monkeypatch.chdir(call.base)
    outcome = call("--json", *arguments)
    if outcome.out:  # each reference has its own error there
        assert outcome.json["references"][0]["error"]["code"] == "invalid_reference"
    else:
        assert set(outcome.error) == {"kind", "code", "message", "hint"}
    assert outcome.code in (2, 3)

"""``palyra secrets migrate``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from palyra_kernel.cli.options import confirm, json_option, yes_option
from palyra_kernel.cli.output import json_out, table
from palyra_kernel.values.scopes import VaultScope

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli
    from palyra_kernel.scan.copies import History
    from palyra_kernel.scan.rewriting import Move

_EPILOG = """\b
Examples:
  palyra secrets migrate .env --dry-run
  palyra secrets migrate config/app.toml --prefix billing
  palyra run --env-file .env -- python app.py
"""


class _Options(NamedTuple):
    scope: str
    prefix: str | None
    dry_run: bool
    yes: bool


class _Traces(NamedTuple):
    """Where the values are besides."""

    copies: list[str]
    history: History | None
    left: list[int]


@click.command("migrate", epilog=_EPILOG)
@click.argument("file")
@click.option("--scope", default="global", metavar="SCOPE", help="Store in SCOPE (global).")
@click.option("--prefix", metavar="TEXT", help="Put TEXT/ before every key (the name of the folder of FILE).")
@click.option("--dry-run", is_flag=True, help="Show what would be done, and do nothing.")
@yes_option
@json_option
@click.pass_obj
def command(cli: Cli, /, file: str, **given: Any) -> None:
    """Move the secrets of FILE into the vault and write references where they stood.

    FILE is a .env, TOML, YAML or JSON file; nothing in it changes but those values. What moves is what `palyra secrets
    audit` calls inline. Shows the plan and asks. The values are stored first and read back, then FILE is replaced in
    one step and read again. If it is interrupted, run it again. Copies of FILE that hold a value are named, not
    changed.
    """
    from palyra_kernel.cli.secrets.migrate_store import check_free, moved_before, read_back, store_new
    from palyra_kernel.scan.copies import copies_of, in_git
    from palyra_kernel.scan.rewriting import needles, plan_moves, prove, rewritten
    from palyra_kernel.scan.target import read_target, replace

    options = _Options(**given)
    scope = VaultScope.parse(options.scope)
    target = read_target(file)
    folder = target.path.parent.name if options.prefix is None else options.prefix
    moves, left, known = plan_moves(target, scope, prefix=folder)
    data = rewritten(target, moves)
    with cli.kernel() as kernel, cli.session(kernel, reveals=False) as session:
        new = check_free(session.secrets, moves)
        wanted = needles(target, moves) + moved_before(session.secrets, known)
        if moves and not cli.as_json:
            _show(moves, new)
        if moves and not options.dry_run:
            confirm(f"Move {_count(moves)} of {file} into the vault?", yes=options.yes)
            store_new(session.secrets, moves, new)
            read_back(session.secrets, moves)
            replace(target, data)
            prove(target, data, moves)
    traces = _Traces(copies_of(target.path, wanted), in_git(target.path, wanted), left)
    _report(cli, file, moves, {move.ref for move in new}, traces, dry_run=options.dry_run)


def _show(moves: Sequence[Move], new: Sequence[Move]) -> None:
    rows = [(move.line, move.path, str(move.ref), "" if move in new else "stored already") for move in moves]
    table(("Line", "Field", "Reference", ""), rows)


def _count(moves: Sequence[Move]) -> str:
    return f"{len(moves)} value{'' if len(moves) == 1 else 's'}"


def _report(cli: Cli, file: str, moves: Sequence[Move], new: Any, traces: _Traces, *, dry_run: bool) -> None:
    if cli.as_json:
        fields = [
            {"path": move.path, "line": move.line, "ref": move.ref, "new": move.ref in new} for move in moves
        ]
        json_out({"dry_run": dry_run, "file": file, "moved": fields, **traces._asdict()})
        return
    if not moves:
        click.echo(f"{file}: nothing to move")
    else:
        click.echo(f"{file}: {'would move' if dry_run else 'moved'} {_count(moves)} into the vault")
    for line in _warnings(file, traces):
        click.echo(line, err=True)


def _warnings(file: str, traces: _Traces) -> list[str]:
    said = [
        f"{file}:{line}: a secret that no reference can replace: take it out by hand" for line in traces.left
    ]
    said += [f"{copy} holds a value too: remove it" for copy in traces.copies]
    history = traces.history
    if history is not None and (history.commits or history.staged):
        name = PurePath(file).name
        where = (
            [f"{history.commits} commit{'' if history.commits == 1 else 's'} of git"]
            if history.commits
            else []
        )
        where += ["the index of git"] if history.staged else []
        more = "" if history.whole else " (not everything was searched)"
        said.append(f"a value of {name} is in {' and in '.join(where)}{more}: rotate it where it was issued")
    return said

"""``palyra secrets import``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import click

from palyra_kernel.cli.files import read_source
from palyra_kernel.cli.options import confirm, json_option, yes_option
from palyra_kernel.cli.output import json_out, table
from palyra_kernel.cli.secrets.import_files import FORMATS, guess_format, name_items, read_items
from palyra_kernel.cli.secrets.import_plan import Plan, plan_import, refuse_existing_secrets, store
from palyra_kernel.cli.secrets.shown import short
from palyra_kernel.values.scopes import VaultScope

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_MAX_FILE = 64 * 1024 * 1024
_SHOWN = 40
_EPILOG = """\b
Examples:
  palyra secrets import .env --dry-run
  palyra secrets import .env --prefix myapp/ --lower
  sops decrypt secrets.json | palyra secrets import - --format json --yes

\b
In a .env file:
  NAME=value and export NAME=value, # comments, 'as it is', "with \\n and the like"; quoted values may span lines.
  Nothing is expanded: $NAME and $(command) are text. A name without = is an error.
In a JSON file:
  one object; its members are text, {"value": "text"} or {"base64": "..."}.
"""


class _Options(NamedTuple):
    scope: str
    prefix: str
    format: str | None
    lower: bool
    dry_run: bool
    yes: bool
    create_only: bool


@click.command("import", epilog=_EPILOG)
@click.argument("file")
@click.option("--scope", default="global", metavar="SCOPE", help="Store in SCOPE (global).")
@click.option("--prefix", default="", metavar="TEXT", help="Put TEXT before every name, like myapp/.")
@click.option(
    "--format", type=click.Choice(FORMATS), help="What FILE is; else its name or first character decides."
)
@click.option("--lower", is_flag=True, help="Make the names lower case.")
@click.option("--dry-run", is_flag=True, help="Show what would be done, and do nothing.")
@click.option("--create-only", is_flag=True, help="Refuse if one of the secrets exists.")
@yes_option
@json_option
@click.pass_obj
def command(cli: Cli, /, file: str, **given: Any) -> None:
    """Store the values of FILE (- is standard input): a .env file, or JSON as `export` writes it.

    Shows what it will do and asks. What is stored already with the same value is left alone. FILE must be UTF-8;
    one wrong line, an illegal key or a key twice, and nothing is stored. Up to 1,000 values are one act: all of
    them or none.
    """
    options = _Options(**given)
    if file == "-" and "-" in (cli.passphrase_file, cli.recovery_file):
        raise click.UsageError("standard input cannot be both a key file and FILE")
    scope = VaultScope.parse(options.scope)
    data = read_source(file, _MAX_FILE, what="the file")
    items = read_items(data, options.format or guess_format(file, data))
    with cli.kernel() as kernel, cli.session(kernel, reveals=False) as session:
        limit = kernel.config.vault.max_value_bytes
        named = name_items(items, scope, prefix=options.prefix, lower=options.lower, limit=limit)
        if options.create_only:
            refuse_existing_secrets(session.secrets, scope, named)
        plan = plan_import(session.secrets, scope, named)
        if not cli.as_json:
            _show(plan, everything=options.dry_run)
        work = [*plan.new, *plan.changed]
        if work and not options.dry_run:
            confirm(f"Store {_counts(plan)} in {scope}?", yes=options.yes)
            store(session.secrets, work, create_only=options.create_only)
    _report(cli, file, plan, options)


def _show(plan: Plan, *, everything: bool) -> None:
    rows = [("new", short(item.ref)) for item in plan.new]
    rows += [("new version", short(item.ref)) for item in plan.changed]
    rows += [("unchanged", short(item.ref)) for item in plan.unchanged]
    shown = rows if everything else rows[:_SHOWN]
    if shown:
        table(("What", "Secret"), shown)
    if len(rows) > len(shown):
        click.echo(f"... and {len(rows) - len(shown)} more (--dry-run shows all)")


def _counts(plan: Plan) -> str:
    new, changed = len(plan.new), len(plan.changed)
    parts = [f"{new} new secret{'' if new == 1 else 's'}"] if new else []
    if changed:
        parts.append(f"{changed} new version{'' if changed == 1 else 's'}")
    return " and ".join(parts)


def _report(cli: Cli, file: str, plan: Plan, options: _Options) -> None:
    if cli.as_json:
        refs = {name: [item.ref for item in items] for name, items in plan._asdict().items()}
        json_out({"dry_run": options.dry_run, **refs})
        return
    if not (plan.new or plan.changed):
        click.echo("nothing to store")
    elif options.dry_run:
        click.echo(f"would store {_counts(plan)}")
    else:
        click.echo(f"stored {_counts(plan)}")
        if file != "-":
            click.echo(
                f"{file} still holds the values in plain text: remove it when nothing needs it", err=True
            )

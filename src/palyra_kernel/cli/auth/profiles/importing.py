"""``palyra auth profiles import``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option, yes_option

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Examples:
  palyra auth profiles import auth_profiles.toml --dry-run
  palyra auth profiles import auth_profiles.toml --runtime auth_profile_runtime_state.toml --yes
"""
MAX_BYTES = 64 * 2**20


@click.command("import", epilog=_EPILOG)
@click.argument("file", required=False)
@click.option("--runtime", metavar="FILE", help="The state too, or alone: orders, defaults, failures.")
@click.option("--dry-run", is_flag=True, help="Show what would be done, and do nothing.")
@yes_option
@json_option
@click.pass_obj
def command(cli: Cli, file: str | None, runtime: str | None, dry_run: bool, yes: bool) -> int:
    """Read profiles from FILE (auth_profiles.toml; - is standard input), and their secrets from the vault.

    The plan is shown first. A row that means no profile, or is refused, keeps no other from being imported: then the
    exit code is 9. Nothing is deleted; another endpoint for a profile that is there waits for a human.
    """
    from palyra_kernel.cli.auth.changing import carry_out
    from palyra_kernel.cli.files import read_source

    if file is None and runtime is None:
        raise click.UsageError("nothing to import: FILE, or --runtime FILE")
    if file == runtime == "-":
        raise click.UsageError("standard input is one file")
    data = None if file is None else read_source(file, MAX_BYTES, what="the document")
    state = None if runtime is None else read_source(runtime, MAX_BYTES, what="the document")
    with cli.kernel() as kernel, cli.session(kernel) as session:
        plan = session.auth.documents.plan(data, state)
        return carry_out(cli, session, plan, dry_run=dry_run, yes=yes)

"""``palyra auth profiles edit``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option, yes_option

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Example:
  EDITOR=nano palyra auth profiles edit
"""


@click.command("edit", epilog=_EPILOG)
@click.option("--runtime", is_flag=True, help="Edit orders and defaults instead.")
@yes_option
@json_option
@click.pass_obj
def command(cli: Cli, runtime: bool, yes: bool) -> int:
    """Edit the profiles as TOML in $VISUAL or $EDITOR, and do what changed in it.

    What changed is shown before it is done. What somebody else changed meanwhile is not undone by it: there the edit is
    refused. No secret is in the file.
    """
    from palyra_kernel.cli.auth.changing import carry_out
    from palyra_kernel.cli.output import say

    with cli.kernel() as kernel, cli.session(kernel) as session:
        base = session.auth.documents.export()
        before = base.runtime if runtime else base.registry
        after = click.edit(before, extension=".toml")
        if after is None or after == before:
            say(cli, {"dry_run": False, "plan": [], "applied": []}, "nothing changed")
            return 0
        documents = (None, after.encode()) if runtime else (after.encode(), None)
        plan = session.auth.documents.plan(*documents, base=base)
        return carry_out(cli, session, plan, dry_run=False, yes=yes)

"""``palyra approvals show``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Example:
  palyra approvals show 01K0ZQ4T5N8W9XJ3V7C2M6B1HD
"""


@click.command("show", epilog=_EPILOG)
@click.argument("approval", metavar="ID")
@json_option
@click.pass_obj
def command(cli: Cli, approval: str) -> None:
    """Show who wants what, with which arguments, and who answered.

    Secrets are masked. What hides, turns text around or passes for something else is shown as an escape.
    """
    from palyra_kernel.cli.approvals.views import approval_json, described, explained

    with cli.kernel() as kernel, cli.session(kernel) as session:
        found = session.approvals.show(approval)
    if cli.as_json:
        approval_json(described(found))
    else:
        for line in explained(found):
            click.echo(line)

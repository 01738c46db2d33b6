"""``palyra ca status``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Examples:
  palyra ca status
  palyra --json ca status
"""


@click.command("status", epilog=_EPILOG)
@json_option
@click.pass_obj
def command(cli: Cli) -> None:
    """Show the CAs and how long they are good, the servers, how many certificates were issued, and what comes next."""
    from palyra_kernel.cli.approvals.views import approval_json
    from palyra_kernel.cli.ca.views import facts, listed, status_json

    with cli.kernel() as kernel, cli.session(kernel) as session:
        found = session.ca.status()
    if cli.as_json:
        approval_json(status_json(found))
        return
    for line in facts(found):
        click.echo(line)
    click.echo("")
    for line in listed(found.authorities):
        click.echo(line)

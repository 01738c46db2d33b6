"""``palyra pairing list``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Examples:
  palyra pairing list
  palyra --json pairing list --all
"""


@click.command("list", epilog=_EPILOG)
@click.option("--all", "past", is_flag=True, help="Also pairings that are over.")
@json_option
@click.pass_obj
def command(cli: Cli, past: bool) -> None:
    """List the devices that want in, with the words that they show, oldest first."""
    from palyra_kernel.cli.approvals.views import approval_json
    from palyra_kernel.cli.pairing.views import described, listed
    from palyra_kernel.values.ids import now_ms

    with cli.kernel() as kernel, cli.session(kernel) as session:
        found = session.pairing.list(past=past)
    now = now_ms()
    if cli.as_json:
        approval_json({"pairings": [described(each, now) for each in found]})
        return
    for each in found:
        for line in listed(each, now):
            click.echo(line)
    if not found:
        click.echo("no device wants in")

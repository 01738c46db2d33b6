"""``palyra nodes events``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Example:
  palyra nodes events 01K0ZQ4T5N8W9XJ3V7C2M6B1HD
"""


@click.command("events", epilog=_EPILOG)
@click.argument("device", metavar="ID")
@click.option("--token", default="", metavar="TOKEN", help="Go on where an earlier answer ended.")
@json_option
@click.pass_obj
def command(cli: Cli, device: str, token: str) -> None:
    """Show what the node ID said of itself lately: a hundred events at a time, by the clock of this gateway.

    It decides nothing: a node says what it likes. With --json the answer has a token to go on with.
    """
    from palyra_kernel.cli.approvals.views import approval_json
    from palyra_kernel.cli.nodes.views import event_json, event_line

    with cli.kernel() as kernel, cli.session(kernel) as session:
        found = session.nodes.events(device, token)
    if cli.as_json:
        events = [event_json(each) for each in found.events]
        approval_json({"events": events, "missed": found.missed, "token": found.token, "more": found.more})
        return
    if found.missed:
        click.echo(f"({found.missed} before these are not kept any more)")
    for each in found.events:
        click.echo(event_line(each))
    if not found.events:
        click.echo("it said nothing lately")

"""``palyra nodes show``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Example:
  palyra nodes show 01K0ZQ4T5N8W9XJ3V7C2M6B1HD
"""


@click.command("show", epilog=_EPILOG)
@click.argument("device", metavar="ID")
@json_option
@click.pass_obj
def command(cli: Cli, device: str) -> None:
    """Show the node ID: what it runs on, what it offers, its grants, and its leases that wait or run."""
    from palyra_kernel.cli.approvals.views import approval_json
    from palyra_kernel.cli.nodes.views import described, explained, lease_json, lease_line
    from palyra_kernel.values.ids import now_ms

    with cli.kernel() as kernel, cli.session(kernel) as session:
        found = session.nodes.show(device)
        leases = session.nodes.leases(device)
    if cli.as_json:
        approval_json(described(found) | {"leases": [lease_json(each) for each in leases]})
        return
    now = now_ms()
    for line in (*explained(found, now), *(lease_line(each, now) for each in leases)):
        click.echo(line)

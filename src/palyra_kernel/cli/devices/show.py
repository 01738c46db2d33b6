"""``palyra devices show``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Example:
  palyra devices show 01K0ZQ4T5N8W9XJ3V7C2M6B1HD
"""


@click.command("show", epilog=_EPILOG)
@click.argument("device", metavar="ID")
@json_option
@click.pass_obj
def command(cli: Cli, device: str) -> None:
    """Show the device ID: its identity key, its certificates, who let it in, and how it ended if it did."""
    from palyra_kernel.cli.approvals.views import approval_json
    from palyra_kernel.cli.devices.views import described, explained
    from palyra_kernel.values.ids import now_ms

    with cli.kernel() as kernel, cli.session(kernel) as session:
        found = session.devices.show(device)
    if cli.as_json:
        approval_json(described(found))
    else:
        for line in explained(found, now_ms()):
            click.echo(line)

"""``palyra pairing show``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Example:
  palyra pairing show 01K0ZQ4T5N8W9XJ3V7C2M6B1HD
"""


@click.command("show", epilog=_EPILOG)
@click.argument("pairing", metavar="ID")
@json_option
@click.pass_obj
def command(cli: Cli, pairing: str) -> None:
    """Show the pairing ID: which device, which keys, which words, from where, and who decided."""
    from palyra_kernel.cli.approvals.views import approval_json
    from palyra_kernel.cli.pairing.views import described, explained
    from palyra_kernel.values.ids import now_ms

    with cli.kernel() as kernel, cli.session(kernel) as session:
        found = session.pairing.show(pairing)
    if cli.as_json:
        approval_json(described(found, now_ms()))
    else:
        for line in explained(found, now_ms()):
            click.echo(line)

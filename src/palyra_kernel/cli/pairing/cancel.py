"""``palyra pairing cancel``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Examples:
  palyra pairing cancel 01K0ZQ4T5N8W9XJ3V7C2M6B1HD
  palyra pairing cancel 01K0ZQ4T5N8W9XJ3V7C2M6B1HD --reason 'not today'
"""


@click.command("cancel", epilog=_EPILOG)
@click.argument("pairing", metavar="ID")
@click.option("--reason", default="", metavar="TEXT", help="Kept with the pairing.")
@json_option
@click.pass_obj
def command(cli: Cli, pairing: str, reason: str) -> None:
    """End the pairing ID, whether or not it was approved. It needs no passphrase: it stops things.

    A device that has its certificate already is in: `palyra devices revoke`.
    """
    from palyra_kernel.cli.output import say

    with cli.kernel() as kernel, cli.session(kernel) as session:
        session.pairing.cancel(pairing, reason)
    say(cli, {"pairing_id": pairing, "state": "cancelled"}, f"{pairing}: cancelled")

"""``palyra pairing reject``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Examples:
  palyra pairing reject 01K0ZQ4T5N8W9XJ3V7C2M6B1HD
  palyra pairing reject 01K0ZQ4T5N8W9XJ3V7C2M6B1HD --reason 'other words on the screen'
"""


@click.command("reject", epilog=_EPILOG)
@click.argument("pairing", metavar="ID")
@click.option("--reason", default="", metavar="TEXT", help="Kept with the pairing.")
@json_option
@click.pass_obj
def command(cli: Cli, pairing: str, reason: str) -> None:
    """Turn the device of the pairing ID away. It needs no passphrase: it stops things.

    A pairing that was approved already is ended by `palyra pairing cancel`, a device that is in by
    `palyra devices revoke`.
    """
    from palyra_kernel.cli.output import say

    with cli.kernel() as kernel, cli.session(kernel) as session:
        session.pairing.reject(pairing, reason=reason)
    say(cli, {"pairing_id": pairing, "state": "rejected"}, f"{pairing}: rejected")

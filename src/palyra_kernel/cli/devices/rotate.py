"""``palyra devices rotate``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Example:
  palyra devices rotate 01K0ZQ4T5N8W9XJ3V7C2M6B1HD
"""


@click.command("rotate", epilog=_EPILOG)
@click.argument("device", metavar="ID")
@json_option
@click.pass_obj
def command(cli: Cli, device: str) -> None:
    """Ask the device ID for a new key and certificate, before they are due.

    The device makes its own key, so it renews at its next contact. Nothing stops being good until the new certificate
    is used. If somebody else may have the key of the device, revoke it instead.
    """
    from palyra_kernel.cli.output import say

    with cli.kernel() as kernel, cli.session(kernel) as session:
        session.devices.rotate(device)
    said = f"{device}: it renews at its next contact; until then its certificate is good"
    say(cli, {"device_id": device, "renewal_wanted": True}, said)

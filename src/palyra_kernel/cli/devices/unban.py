"""``palyra devices unban``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import confirm, json_option, yes_option

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Examples:
  palyra devices unban 01K0ZQ4T5N8W9XJ3V7C2M6B1HD
  palyra devices unban 01K0ZQ4T5N8W9XJ3V7C2M6B1HD --yes
"""


@click.command("unban", epilog=_EPILOG)
@click.argument("device", metavar="ID")
@yes_option
@json_option
@click.pass_obj
def command(cli: Cli, device: str, yes: bool) -> None:
    """Lift the ban of the device ID and of its key: it may be paired again, by a code and an approval.

    Nothing that was revoked is good again.
    """
    from palyra_kernel.cli.output import say

    confirm(f"May {device}, and whoever has its key now, ask to be let in again?", yes=yes)
    with cli.kernel() as kernel, cli.session(kernel) as session:
        session.devices.unban(device)
    say(
        cli,
        {"device_id": device, "banned": False},
        f"{device}: not banned; it may be paired: palyra pairing code",
    )

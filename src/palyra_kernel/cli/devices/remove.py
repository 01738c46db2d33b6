"""``palyra devices remove``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import confirm, json_option, yes_option

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Examples:
  palyra devices remove 01K0ZQ4T5N8W9XJ3V7C2M6B1HD --reason 'replaced by a new laptop'
  palyra devices remove 01K0ZQ4T5N8W9XJ3V7C2M6B1HD --yes
"""


@click.command("remove", epilog=_EPILOG)
@click.argument("device", metavar="ID")
@click.option("--reason", default="", metavar="TEXT", help="Kept with the device: up to 256 bytes.")
@yes_option
@json_option
@click.pass_obj
def command(cli: Cli, device: str, reason: str, yes: bool) -> None:
    """Forget the device ID, which is not needed any more: its certificates are dead at once.

    It may be paired again with the same key, by a code and an approval. What was lost or stolen is revoked instead; a
    ban stays when the device is removed.
    """
    from palyra_kernel.approvals.shown import visible
    from palyra_kernel.cli.output import say

    with cli.kernel() as kernel, cli.session(kernel) as session:
        if not yes:
            found = session.devices.show(device)
            confirm(f"Remove {found.id} ({found.kind} {visible(found.name)}, {found.state})?", yes=yes)
        session.devices.remove(device, reason)
    say(cli, {"device_id": device, "state": "removed"}, f"{device}: removed; its certificates are dead")

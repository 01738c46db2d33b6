"""``palyra devices revoke``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import confirm, json_option, yes_option
from palyra_kernel.errors import NotFoundError

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli
    from palyra_kernel.session import Session

_EPILOG = """\b
Examples:
  palyra devices revoke 01K0ZQ4T5N8W9XJ3V7C2M6B1HD --reason 'left on a train'
  palyra devices revoke 01K0ZQ4T5N8W9XJ3V7C2M6B1HD --yes
"""


@click.command("revoke", epilog=_EPILOG)
@click.argument("device", metavar="ID")
@click.option("--reason", default="", metavar="TEXT", help="Kept with the device: up to 256 bytes.")
@yes_option
@json_option
@click.pass_obj
def command(cli: Cli, device: str, reason: str, yes: bool) -> None:
    """Shut the device ID out: its connections are cut, its certificates are dead, its id and key are banned.

    It counts from the next request on, in every process. A device that was never paired is banned too, and cannot be.
    """
    from palyra_kernel.cli.output import say

    with cli.kernel() as kernel, cli.session(kernel) as session:
        if not yes:
            confirm(f"Shut out {_named(session, device)} at once and for good?", yes=yes)
        session.devices.revoke(device, reason)
    said = f"{device}: revoked; its certificates are dead, its id and key are banned"
    say(cli, {"device_id": device, "state": "revoked"}, said)


def _named(session: Session, device: str) -> str:
    from palyra_kernel.approvals.shown import visible

    try:
        found = session.devices.show(device)
    except NotFoundError:
        return f"{device}, which was never paired here,"
    return f"{found.id} ({found.kind} {visible(found.name)}, {found.state})"

"""``palyra devices list``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli
    from palyra_kernel.identity.device import State
    from palyra_kernel.identity.names import DeviceKind

_EPILOG = """\b
Examples:
  palyra devices list
  palyra --json devices list --kind node --state active
"""


@click.command("list", epilog=_EPILOG)
@click.option("--kind", type=click.Choice(["cli", "desktop", "node"]), help="Only those of this kind.")
@click.option(
    "--state", type=click.Choice(["active", "revoked", "removed"]), help="Only those in this state."
)
@json_option
@click.pass_obj
def command(cli: Cli, kind: DeviceKind | None, state: State | None) -> None:
    """List the devices, those that were let in first at the top."""
    from palyra_kernel.cli.approvals.views import approval_json
    from palyra_kernel.cli.devices.views import HEADERS, described, row
    from palyra_kernel.cli.output import table
    from palyra_kernel.values.ids import now_ms

    with cli.kernel() as kernel, cli.session(kernel) as session:
        found = session.devices.list(kind=kind, state=state)
    devices = sorted(found, key=lambda each: (each.paired_at_ms, each.id))
    if cli.as_json:
        approval_json({"devices": [described(each) for each in devices]})
    elif devices:
        now = now_ms()
        table(HEADERS, [row(each, now) for each in devices])
    else:
        click.echo(
            "there are no such devices" if kind or state else "there are no devices; palyra pairing code"
        )

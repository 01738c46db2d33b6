"""``palyra device status``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Examples:
  palyra device status
  palyra device status --json
"""


@click.command("status", epilog=_EPILOG)
@json_option
@click.pass_obj
def command(cli: Cli) -> None:
    """Show which gateway this is a device of, and until when its certificate is good. Nothing is connected to."""
    from palyra_kernel.cli.device.views import described, lines
    from palyra_kernel.cli.output import json_out

    with cli.kernel() as kernel, cli.acting(kernel, "self.show"):
        known = kernel.device.holder.read()
        now_ms = kernel.device.holder.clock.now_ms()
    if cli.as_json:
        json_out(described(known, now_ms))
        return
    for line in lines(known, now_ms):
        click.echo(line)

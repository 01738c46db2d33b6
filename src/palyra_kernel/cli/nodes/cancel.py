"""``palyra nodes cancel``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Example:
  palyra nodes cancel 01K10A7Y3S6D8F9G2H4J5K6M7N --reason 'not needed any more'
"""


@click.command("cancel", epilog=_EPILOG)
@click.argument("lease", metavar="LEASE")
@click.option("--reason", default="", metavar="TEXT", help="Kept with the lease: up to 256 bytes.")
@json_option
@click.pass_obj
def command(cli: Cli, lease: str, reason: str) -> None:
    """Call LEASE off, whether it waits or runs. The node is told; what it answers from now on does not count."""
    from palyra_kernel.cli.nodes.views import lease_json
    from palyra_kernel.cli.output import say

    with cli.kernel() as kernel, cli.session(kernel) as session:
        ended = session.nodes.cancel(lease, reason)
    say(cli, lease_json(ended), f"{lease}: cancelled")

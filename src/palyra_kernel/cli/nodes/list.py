"""``palyra nodes list``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Examples:
  palyra nodes list
  palyra --json nodes list
"""


@click.command("list", epilog=_EPILOG)
@json_option
@click.pass_obj
def command(cli: Cli) -> None:
    """List the nodes: whether they are there, what they offer, and how much waits for them.

    A capability in brackets is not granted to anybody; one with a minus before it cannot be had now.
    """
    from palyra_kernel.cli.approvals.views import approval_json
    from palyra_kernel.cli.nodes.views import HEADERS, described, row
    from palyra_kernel.cli.output import table
    from palyra_kernel.values.ids import now_ms

    with cli.kernel() as kernel, cli.session(kernel) as session:
        found = session.nodes.list()
    if cli.as_json:
        approval_json({"nodes": [described(each) for each in found]})
    elif found:
        now = now_ms()
        table(HEADERS, [row(each, now) for each in found])
    else:
        click.echo("no device has registered as a node; on a paired one: palyra node run")

"""``palyra nodes result``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option
from palyra_kernel.cli.spans import parse_span

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Examples:
  palyra nodes result 01K10A7Y3S6D8F9G2H4J5K6M7N
  palyra nodes result 01K10A7Y3S6D8F9G2H4J5K6M7N --wait 1m
"""


@click.command("result", epilog=_EPILOG)
@click.argument("lease", metavar="LEASE")
@click.option("--wait", metavar="TIME", help="Until it is over, at most this long: 30s, 5m.")
@json_option
@click.pass_obj
def command(cli: Cli, lease: str, wait: str | None) -> int:
    """Show what became of LEASE. What a node gave back is kept for an hour, and is written to standard output."""
    from palyra_kernel.cli.nodes.views import show_result
    from palyra_kernel.values.deadline import Deadline

    seconds = 0 if wait is None else parse_span(wait, code="invalid_wait", option="--wait")
    with cli.kernel() as kernel, cli.session(kernel) as session:
        found = session.nodes.wait(lease, Deadline.after(seconds))
    return show_result(cli, found)

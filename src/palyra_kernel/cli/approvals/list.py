"""``palyra approvals list``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Examples:
  palyra approvals list
  palyra approvals list --all -n 100
"""


@click.command("list", epilog=_EPILOG)
@click.option("--all", "past", is_flag=True, help="Also what is over, of the last 30 days.")
@click.option(
    "-n",
    "count",
    type=click.IntRange(1, 100_000),
    default=1000,
    show_default=True,
    metavar="APPROVALS",
    help="How many, the newest.",
)
@json_option
@click.pass_obj
def command(cli: Cli, past: bool, count: int) -> None:
    """List what waits for an answer, what was allowed and not used up, and denials that are remembered."""
    from palyra_kernel.cli.approvals.views import HEADERS, approval_json, described, summary
    from palyra_kernel.cli.output import table

    with cli.kernel() as kernel, cli.session(kernel) as session:
        found = session.approvals.list(past=past)[-count:]
    if cli.as_json:
        approval_json({"approvals": [described(each) for each in found]})
    elif found:
        table(HEADERS, map(summary, found))
    else:
        click.echo("nothing waits for an answer")

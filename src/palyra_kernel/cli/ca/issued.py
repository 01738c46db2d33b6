"""``palyra ca issued``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Examples:
  palyra ca issued
  palyra --json ca issued -n 10000
"""


@click.command("issued", epilog=_EPILOG)
@click.option(
    "-n",
    "count",
    type=click.IntRange(1, 1_000_000),
    default=20,
    show_default=True,
    metavar="CERTIFICATES",
    help="How many, the newest.",
)
@json_option
@click.pass_obj
def command(cli: Cli, count: int) -> None:
    """List the certificates that were issued last, the newest at the end. What is not in this log was not issued."""
    from palyra_kernel.cli.approvals.views import approval_json
    from palyra_kernel.cli.ca.views import issued_json, issued_lines

    with cli.kernel() as kernel, cli.session(kernel) as session:
        found = [*reversed(session.ca.issued(count))]
    if cli.as_json:
        approval_json({"certificates": [issued_json(each) for each in found]})
        return
    for each in found:
        for line in issued_lines(each):
            click.echo(line)
    if not found:
        click.echo("no certificate was issued")

"""``palyra approvals cancel``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Example:
  palyra approvals cancel 01K0ZQ4T5N8W9XJ3V7C2M6B1HD
"""


@click.command("cancel", epilog=_EPILOG)
@click.argument("approval", metavar="ID")
@json_option
@click.pass_obj
def command(cli: Cli, approval: str) -> None:
    """Take a request or a grant back. It needs no passphrase: it stops things."""
    from palyra_kernel.cli.approvals.views import approval_json, described

    with cli.kernel() as kernel, cli.session(kernel) as session:
        ended = session.approvals.cancel(approval)
    if cli.as_json:
        approval_json(described(ended))
    else:
        click.echo(f"{ended.id}: {ended.state}")

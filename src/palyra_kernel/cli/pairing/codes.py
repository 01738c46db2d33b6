"""``palyra pairing codes``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Example:
  palyra pairing codes
"""


@click.command("codes", epilog=_EPILOG)
@json_option
@click.pass_obj
def command(cli: Cli) -> None:
    """List the codes: who made them, how long they are good, what was tried. Their secrets are not shown again."""
    from palyra_kernel.cli.approvals.views import approval_json
    from palyra_kernel.cli.output import table
    from palyra_kernel.cli.pairing.views import CODE_HEADERS, code_json, code_row
    from palyra_kernel.values.ids import now_ms

    with cli.kernel() as kernel, cli.session(kernel) as session:
        found = session.pairing.codes()
    if cli.as_json:
        approval_json({"codes": [code_json(each) for each in found]})
    elif found:
        now = now_ms()
        table(CODE_HEADERS, [code_row(each, now) for each in found])
    else:
        click.echo("there are no codes; make one: palyra pairing code")

"""``palyra pairing drop``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Example:
  palyra pairing drop 7
"""


@click.command("drop", epilog=_EPILOG)
@click.argument("code", metavar="CODE")
@json_option
@click.pass_obj
def command(cli: Cli, code: str) -> None:
    """Make CODE worthless: the number in front of the digits, as `palyra pairing codes` lists it.

    A device that proved the code already waits for your approval as before.
    """
    from palyra_kernel.cli.output import say

    with cli.kernel() as kernel, cli.session(kernel) as session:
        session.pairing.drop_code(code)
    say(cli, {"code_id": code, "dropped": True}, f"code {code}: worthless from now on")

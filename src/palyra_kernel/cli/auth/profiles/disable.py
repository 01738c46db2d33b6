"""``palyra auth profiles disable``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Example:
  palyra auth profiles disable work
"""


@click.command("disable", epilog=_EPILOG)
@click.argument("id")
@json_option
@click.pass_obj
def command(cli: Cli, id: str) -> None:
    """Use the profile ID for nothing until it is enabled.

    Its credential stays, and is not refreshed either.
    """
    from palyra_kernel.cli.auth.views import described
    from palyra_kernel.cli.output import say

    with cli.kernel() as kernel, cli.session(kernel) as session:
        done = session.auth.choices.disable(id)
    say(cli, described(done), f"disabled: {done.id}")

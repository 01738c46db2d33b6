"""``palyra auth profiles clear``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Example:
  palyra auth profiles clear work
"""


@click.command("clear", epilog=_EPILOG)
@click.argument("id")
@json_option
@click.pass_obj
def command(cli: Cli, id: str) -> None:
    """Forget the failures of the profile ID: it is tried again at once.

    Every cooldown goes, and the wait after refreshes that failed. What ended it, if anything did, stays.
    """
    from palyra_kernel.cli.auth.views import described
    from palyra_kernel.cli.output import say

    with cli.kernel() as kernel, cli.session(kernel) as session:
        done = session.auth.choices.clear(id)
    say(cli, described(done), f"cleared: {done.id}")

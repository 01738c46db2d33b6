"""``palyra auth profiles order``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.auth.options import for_option
from palyra_kernel.cli.options import json_option

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Examples:
  palyra auth profiles order openai
  palyra auth profiles order openai work spare
  palyra auth profiles order openai --none --for agent:planner
"""


@click.command("order", epilog=_EPILOG)
@click.argument("provider")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@for_option
@click.option("--none", "clears", is_flag=True, help="There is no order any more.")
@json_option
@click.pass_obj
def command(cli: Cli, provider: str, ids: tuple[str, ...], scope: str, clears: bool) -> None:
    """Let SCOPE use these profiles of PROVIDER only, in this order; without ID, show the order.

    Without an order all of them are used, each in its turn, the default first. An agent's order outranks its
    workspace's, and that the global one.
    """
    from palyra_kernel.auth.names import ProfileScope, Provider
    from palyra_kernel.cli.output import say

    if clears and ids:
        raise click.UsageError("--none and an order: choose one")
    place = ProfileScope.parse(scope), Provider.parse(provider)
    with cli.kernel() as kernel, cli.session(kernel) as session:
        if ids or clears:
            found = session.auth.choices.order(place[1], ids, scope=place[0])
        else:
            found = session.auth.choices.read()
    order, default = found.orders.get(place, ()), found.defaults.get(place)
    data = {"provider": str(place[1]), "scope": str(place[0]), "profile_ids": order, "default": default}
    words = ", ".join(order) or f"none, so each in its turn{f', {default} first' if default else ''}"
    say(cli, data, f"the order of {place[1]} for {place[0]}: {words}")

"""``palyra auth profiles use``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Examples:
  palyra auth profiles use work
  palyra auth profiles use work --for agent:planner
  palyra auth profiles use openai --none
"""


@click.command("use", epilog=_EPILOG)
@click.argument("selector", metavar="ID|PROVIDER")
@click.option("--for", "scope", metavar="SCOPE", help="For whom: global, workspace:ID or agent:ID.")
@click.option("--none", "clears", is_flag=True, help="PROVIDER has no default there any more.")
@json_option
@click.pass_obj
def command(cli: Cli, selector: str, scope: str | None, clears: bool) -> None:
    """Make the profile ID the default of its provider, for its own scope or SCOPE.

    Every provider has its own default in every scope. An order outranks a default.
    """
    from palyra_kernel.auth.names import ProfileScope, Provider
    from palyra_kernel.cli.output import say

    with cli.kernel() as kernel, cli.session(kernel) as session:
        if clears:
            provider, chosen = Provider.parse(selector), None
            where = ProfileScope.parse(scope or "global")
            session.auth.choices.unuse(provider, scope=where)
        else:
            profile = session.auth.show(selector.strip().lower())
            provider, chosen = profile.provider, profile.id
            where = profile.scope if scope is None else ProfileScope.parse(scope)
            session.auth.choices.use(profile.id, scope=where)
    data = {"provider": str(provider), "scope": str(where), "profile_id": chosen}
    say(cli, data, f"the default of {provider} for {where}: {chosen or 'none'}")

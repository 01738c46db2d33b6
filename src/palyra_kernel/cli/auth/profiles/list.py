"""``palyra auth profiles list``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option

if TYPE_CHECKING:
    from palyra_kernel.auth.profile import Profile
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Examples:
  palyra auth profiles list
  palyra auth profiles list --provider openai --for agent:planner
"""


@click.command("list", epilog=_EPILOG)
@click.option("--provider", metavar="PROVIDER", help="Only of this provider, like custom:acme.")
@click.option("--for", "scope", metavar="SCOPE", help="Only for global, workspace:ID or agent:ID.")
@click.option("--type", "kind", type=click.Choice(["api_key", "oauth", "source"]), help="Only of this kind.")
@click.option("--after", default="", metavar="ID", help="Only ids behind ID: the next page.")
@click.option("--limit", type=click.IntRange(1, 500), default=100, show_default=True, help="At most so many.")
@json_option
@click.pass_obj
def command(
    cli: Cli, provider: str | None, scope: str | None, kind: str | None, after: str, limit: int
) -> None:
    """List the profiles, sorted by id."""
    from palyra_kernel.auth.names import ProfileScope, Provider
    from palyra_kernel.cli.auth.views import HEADERS, listed, row
    from palyra_kernel.cli.output import json_out, table

    wanted = None if provider is None else Provider.parse(provider)
    whose = None if scope is None else ProfileScope.parse(scope)

    def fits(each: Profile) -> bool:
        return (
            each.id > after
            and wanted in (None, each.provider)
            and whose in (None, each.scope)
            and kind in (None, each.kind)
        )

    with cli.kernel() as kernel, cli.session(kernel) as session:
        found = [each for each in session.auth.list() if fits(each)]
        health = {each.profile_id: each for each in session.auth.health().profiles}
    shown, more = found[:limit], len(found) > limit
    cursor = shown[-1].id if more else None
    if cli.as_json:
        page = {"limit": limit, "returned": len(shown), "next_cursor": cursor, "has_more": more}
        json_out({"profiles": [listed(each, health[each.id]) for each in shown], "page": page})
    elif shown:
        table(HEADERS, (row(each, health[each.id]) for each in shown))
        if cursor is not None:
            click.echo(f"there are more: --after {cursor}")
    else:
        click.echo("no profiles: palyra auth login PROVIDER")

"""``palyra auth profiles rename``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Example:
  palyra auth profiles rename work "Work, paid by the team"
"""


@click.command("rename", epilog=_EPILOG)
@click.argument("id")
@click.argument("name")
@json_option
@click.pass_obj
def command(cli: Cli, id: str, name: str) -> None:
    """Give the profile ID the name NAME. Its id, tokens, failures and turns stay."""
    from msgspec.structs import replace

    from palyra_kernel.cli.auth.views import described
    from palyra_kernel.cli.output import say

    with cli.kernel() as kernel, cli.session(kernel) as session:
        old = session.auth.show(id.strip().lower())
        new = session.auth.save(replace(old, name=name), expected_ms=old.updated_at_ms)
    say(cli, described(new), f"renamed: {new.id} is called {new.name!r}")

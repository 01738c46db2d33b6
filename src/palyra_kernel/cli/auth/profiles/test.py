"""``palyra auth profiles test``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Example:
  palyra auth profiles test work
"""


@click.command("test", epilog=_EPILOG)
@click.argument("id")
@json_option
@click.pass_obj
def command(cli: Cli, id: str) -> None:
    """Ask the provider of the profile ID whether it takes its credential, with a call that costs nothing.

    A login that is too old is refreshed first, as at any use.
    """
    from palyra_kernel.cli.output import say

    name = id.strip().lower()
    with cli.kernel() as kernel, cli.session(kernel) as session:
        outcome = session.auth.try_out(name)
    data = {"profile_id": name, "outcome": outcome}
    words = {
        "ok": "its provider takes it",
        "unknown": "it is there; nobody can tell whether its provider takes it",
    }
    say(cli, data, f"{name}: {words[outcome]}")

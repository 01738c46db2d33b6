"""``palyra secrets rollback``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option
from palyra_kernel.cli.output import say
from palyra_kernel.cli.secrets.shown import bare_ref, described, short

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Example:
  palyra secrets rollback openai_api_key --to 3
"""


@click.command("rollback", epilog=_EPILOG)
@click.argument("ref")
@click.option(
    "--to", required=True, type=click.IntRange(min=1), metavar="N", help="The version whose value to take."
)
@json_option
@click.pass_obj
def command(cli: Cli, ref: str, to: int) -> None:
    """Store the value of an older version of REF again, as the next version. Nothing is lost."""
    parsed = bare_ref(ref)
    with cli.kernel() as kernel, cli.session(kernel) as session:
        metadata = session.secrets.rollback(parsed, to)
    say(
        cli, described(metadata), f"{short(parsed)}: version {metadata.version} has the value of version {to}"
    )

"""``palyra secrets undelete``."""

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
  palyra secrets undelete old_key
"""


@click.command("undelete", epilog=_EPILOG)
@click.argument("ref")
@json_option
@click.pass_obj
def command(cli: Cli, ref: str) -> None:
    """Bring the deleted secret REF back, with the versions that it had."""
    parsed = bare_ref(ref)
    with cli.kernel() as kernel, cli.session(kernel) as session:
        metadata = session.secrets.undelete(parsed)
    say(cli, described(metadata), f"{short(parsed)}: back at version {metadata.version}")

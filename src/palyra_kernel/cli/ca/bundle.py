"""``palyra ca bundle``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.files import refuse_existing, write_private, write_stdout
from palyra_kernel.cli.options import json_option

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Examples:
  palyra ca bundle
  palyra ca bundle --out bundle.json
"""


@click.command("bundle", epilog=_EPILOG)
@click.option("--out", metavar="FILE", help="Write it to FILE, and not to standard output.")
@click.option("--force", is_flag=True, help="Replace FILE.")
@json_option
@click.pass_obj
def command(cli: Cli, out: str | None, force: bool) -> None:
    """Write the trust bundle: the CAs that devices trust, signed by the identity key of this gateway. It is JSON."""
    from palyra_kernel.cli.output import say

    if force and out is None:
        raise click.UsageError("--force is for --out")
    if out is not None and not force:
        refuse_existing(out)
    with cli.kernel() as kernel, cli.session(kernel) as session:
        found = session.ca.bundle()
    if out is None:
        write_stdout(found.encoded() + b"\n")
        return
    write_private(out, found.encoded(), force=force)
    say(cli, {"out": out, "bundle": found.number}, f"{out}: trust bundle {found.number}")
